// SPDX-License-Identifier: Apache-2.0
#include "ledger/index_check.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace fleetline::ledger {

namespace {

// Arithmetic modulo the prime 2^61 - 1: an entry is a polynomial's value at `within`, a set the product of
// (among + entry).
constexpr std::uint64_t prime = (std::uint64_t{1} << 61U) - 1;
__extension__ using wide = unsigned __int128;

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
    const wide both = wide{a} * b;
    std::uint64_t sum = static_cast<std::uint64_t>(both & prime) + static_cast<std::uint64_t>(both >> 61U);
    sum = (sum & prime) + (sum >> 61U);
    return sum >= prime ? sum - prime : sum;
}

std::uint64_t any_number() {
    std::random_device from;
    return ((std::uint64_t{from()} << 32U) ^ from()) % (prime - 2) + 2;
}

std::string in_quotes(const std::string& name) {
    return '"' + name + '"';
}

constexpr std::size_t most_named = 10;

/// A value as SQLite orders them: no value, numbers, texts byte by byte.
struct value {
    int type = SQLITE_NULL;
    std::int64_t number = 0;
    std::string text;

    void read(statement& row, int at) {
        type = row.type(at);
        number = type == SQLITE_INTEGER ? row.integer(at) : 0;
        text.assign(type == SQLITE_TEXT ? row.view(at) : std::string_view());
    }
    int rank() const { return type == SQLITE_NULL ? 0 : type == SQLITE_INTEGER ? 1 : 2; }
    bool operator<(const value& other) const {
        if (rank() != other.rank()) return rank() < other.rank();
        return number != other.number ? number < other.number : text < other.text;
    }
};

void add(index_entries& to, const value& what) {
    if (what.type == SQLITE_NULL)
        to.null();
    else if (what.type == SQLITE_INTEGER)
        to.number(what.number);
    else
        to.text(what.text);
}

/// Slower, and names the rows.
std::vector<std::string> named_by_sqlite(connection& rows, const std::string& table) {
    std::vector<std::string> found;
    statement row(rows.database(), "PRAGMA integrity_check(" + in_quotes(table) + ")");
    while (row.step())
        if (row.view(0) != "ok") found.push_back(table + ": " + row.text(0));
    return found;
}

}  // namespace

index_secret::index_secret() : within(any_number()), among(any_number()) {}

void index_entries::mix(std::uint64_t value) {
    one_ = product(one_ + value, with_.within);  // both are below 2^62
}

void index_entries::begin(std::int64_t row) {
    one_ = 1;
    number(row);
}

void index_entries::number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    mix(1);
    mix(bits >> 32U);
    mix(bits & 0xffffffffU);
}

void index_entries::text(std::string_view value) {
    constexpr std::size_t at_once = 7;
    mix(2);
    mix(value.size());
    for (std::size_t at = 0; at < value.size(); at += at_once) {
        std::uint64_t piece = 0;
        std::memcpy(&piece, value.data() + at, std::min(at_once, value.size() - at));
        mix(piece);
    }
}

void index_entries::null() {
    mix(3);
}

void index_entries::end() {
    all_ = product(all_, one_ + with_.among);
    ++count_;
}

std::vector<index_check::index> index_check::indexes_of(connection& rows, const std::string& table) {
    std::vector<index> all;
    statement row(
        rows.database(),
        "SELECT l.name, s.sql FROM pragma_index_list(?1) AS l JOIN sqlite_schema AS s ON s.name = l.name AND "
        "s.type = 'index' ORDER BY l.name");
    row.bind(1, table);
    while (row.step()) {
        index one{row.text(0), {}, {}};
        const auto sql = row.text(1);
        if (const auto at = sql.find(" WHERE "); at != std::string::npos) one.condition = sql.substr(at + 7);
        statement column(rows.database(),
                         "SELECT name FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno");
        column.bind(1, one.name);
        while (column.step()) one.columns.push_back(column.text(0));
        all.push_back(std::move(one));
    }
    return all;
}

void index_check::read_index(connection& rows, const table& of, const index& which,
                             found_in_index& found) const {
    std::string columns;
    for (const auto& one : which.columns) columns += ", " + in_quotes(one);
    statement row(rows.database(), "SELECT rowid" + columns + " FROM " + in_quotes(of.name) + " INDEXED BY " +
                                       in_quotes(which.name) +
                                       (which.condition.empty() ? "" : " WHERE " + which.condition) +
                                       " ORDER BY " + columns.substr(2) + ", rowid");
    const auto count = static_cast<int>(which.columns.size());
    std::vector<value> before, now(which.columns.size() + 1);
    while (row.step()) {
        for (int at = 0; at < count; ++at) now[static_cast<std::size_t>(at)].read(row, at + 1);
        now.back().read(row, 0);
        found.in_order = found.in_order && (before.empty() || before < now);
        found.entries.begin(now.back().number);
        for (int at = 0; at < count; ++at) add(found.entries, now[static_cast<std::size_t>(at)]);
        found.entries.end();
        std::swap(before, now);
        now.resize(before.size());
    }
}

/// What each of the table's indexes should have, in one read of the table; and a search for each row. From
/// the end, for the row behind the one that was found SQLite would not search.
void index_check::read_table(connection& rows, table& of) const {
    std::string sql = "SELECT here.rowid, sought.rowid";
    for (const auto& one : of.indexes) {
        sql += ", " + (one.condition.empty() ? "1" : '(' + one.condition + ')');
        for (const auto& column : one.columns) sql += ", here." + in_quotes(column);
    }
    const auto name = in_quotes(of.name);
    statement row(rows.database(), sql + " FROM " + name +
                                       " AS here NOT INDEXED LEFT JOIN (SELECT rowid FROM " + name +
                                       ") AS sought ON sought.rowid = here.rowid ORDER BY here.rowid DESC");
    value cell;
    while (row.step()) {
        int at = 1;
        if (row.is_null(at++) && of.not_found.size() < most_named) of.not_found.push_back(row.integer(0));
        for (std::size_t i = 0; i < of.indexes.size(); ++i) {
            const auto columns = static_cast<int>(of.indexes[i].columns.size());
            const bool is_in = row.integer(at++) != 0;
            if (is_in) {
                of.expected[i].begin(row.integer(0));
                for (int column = 0; column < columns; ++column) {
                    cell.read(row, at + column);
                    add(of.expected[i], cell);
                }
                of.expected[i].end();
            }
            at += columns;
        }
    }
}

index_check::index_check(connection& rows, const index_secret& secret, const index_entries& events) {
    // A table without row numbers is its own index.
    statement row(
        rows.database(),
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND wr = 0 AND name "
        "NOT GLOB 'sqlite_*' ORDER BY name");
    while (row.step()) {
        table one{row.text(0), indexes_of(rows, row.text(0)), {}, {}, {}};
        if (one.indexes.empty()) continue;
        const bool known = one.name == "event" && one.indexes.size() == 1;
        one.expected.assign(one.indexes.size(), known ? events : index_entries(secret));
        one.found.assign(one.indexes.size(), found_in_index{index_entries(secret)});
        auto& kept = tables_.emplace_back(std::move(one));
        if (!known) parts_.push_back({&kept, std::nullopt});
        for (std::size_t i = 0; i < kept.indexes.size(); ++i) parts_.push_back({&kept, i});
    }
    // The largest, that of the events, among the first: at the end one thread would wait for it.
    std::reverse(parts_.begin(), parts_.end());
}

void index_check::work(connection& rows) {
    for (auto at = next_++; at < parts_.size(); at = next_++) {
        auto& [of, which] = parts_[at];
        if (which)
            read_index(rows, *of, of->indexes[*which], of->found[*which]);
        else
            read_table(rows, *of);
    }
}

std::vector<std::string> index_check::problems(connection& rows) const {
    std::vector<std::string> all;
    for (const auto& one : tables_) {
        for (const auto number : one.not_found)
            all.push_back(one.name + ' ' + std::to_string(number) +
                          ": a search for its number does not find it");
        bool named = false;
        for (std::size_t i = 0; i < one.indexes.size(); ++i) {
            const auto& there = one.found[i];
            if (there.in_order && there.entries == one.expected[i]) continue;
            if (!std::exchange(named, true))
                for (auto& what : named_by_sqlite(rows, one.name)) all.push_back(std::move(what));
            all.push_back("index " + one.indexes[i].name + ": it does not have what its table has" +
                          (there.in_order ? "" : ", nor in order"));
        }
    }
    return all;
}

}  // namespace fleetline::ledger
