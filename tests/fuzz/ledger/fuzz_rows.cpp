// SPDX-License-Identifier: Apache-2.0
// A ledger whose rows somebody changed behind its back, as SQL can: every question is answered or refused,
// and audit verify finds it. Input: a change in each line, "table column row value"; \n in a value is a
// line's end, a value ~ is NULL, one that begins with # a number, with x' a blob in hex.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "core/encoding.hpp"
#include "desk.hpp"

using namespace fleetline;

namespace {

/// NULL, 0 and an empty text mean the same to the ledger.
std::string cell(const SQLite::Column& of) {
    return of.isNull() || (of.isInteger() && of.getInt64() == 0) ? std::string() : of.getString();
}

std::string word_of(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    std::string word{line.substr(0, end)};
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

std::string with_line_ends(std::string_view value) {
    std::string text;
    for (std::size_t at = 0; at < value.size(); ++at) {
        const bool end = value.substr(at, 2) == "\\n";
        text += end ? '\n' : value[at];
        at += end ? 1 : 0;
    }
    return text;
}

class changes {
  public:
    explicit changes(SQLite::Database& in) : in_(in) {}

    void make(std::string_view line) {
        const auto table = word_of(line), column = word_of(line);
        const auto row = std::strtoll(word_of(line).c_str(), nullptr, 10);
        if (!columns().contains({table, column})) return;
        try {
            const auto before = now(table, column, row);
            if (!before) return;
            SQLite::Statement change(in_,
                                     "UPDATE \"" + table + "\" SET \"" + column + "\" = ? WHERE rowid = ?");
            bind(change, line);
            change.bind(2, static_cast<std::int64_t>(row));
            change.exec();
            if (column != "stored_at") first_.try_emplace({table, column, row}, *before);
        } catch (const SQLite::Exception&) {
            // not what a strict table takes
        }
    }

    /// Something is not as it was that the chain vouches for.
    bool any() {
        return std::any_of(first_.begin(), first_.end(), [this](const auto& one) {
            const auto& [table, column, row] = one.first;
            return now(table, column, row) != one.second;
        });
    }

  private:
    std::optional<std::string> now(const std::string& table, const std::string& column, std::int64_t row) {
        SQLite::Statement ask(in_, "SELECT \"" + column + "\" FROM \"" + table + "\" WHERE rowid = ?");
        ask.bind(1, row);
        if (!ask.executeStep()) return std::nullopt;
        return cell(ask.getColumn(0));
    }

    static void bind(SQLite::Statement& to, std::string_view value) {
        if (value == "~") return to.bind(1);
        if (value.starts_with('#'))
            return to.bind(1, static_cast<std::int64_t>(std::strtoll(value.substr(1).data(), nullptr, 10)));
        if (value.starts_with("x'")) {
            const auto bytes = from_hex(value.substr(2));
            const std::string blob = bytes ? *bytes : std::string();
            return to.bind(1, blob.data(), static_cast<int>(blob.size()));
        }
        to.bind(1, with_line_ends(value));
    }

    /// Every table's but for the keys: a row that is moved is another row.
    static const std::set<std::pair<std::string, std::string>>& columns();

    SQLite::Database& in_;
    std::map<std::tuple<std::string, std::string, std::int64_t>, std::string> first_;
};

const std::set<std::pair<std::string, std::string>>& changes::columns() {
    static const auto all = [] {
        const auto file = fuzz::scratch("columns.db");
        fuzz::write(file, fuzz::good_ledger());
        SQLite::Database of(file.string(), SQLite::OPEN_READWRITE);
        SQLite::Statement each(
            of,
            "SELECT t.name, c.name FROM pragma_table_list AS t, pragma_table_info(t.name) AS c "
            "WHERE t.type = 'table' AND t.wr = 0 AND c.pk = 0 AND t.schema = 'main' AND "
            "t.name NOT LIKE 'sqlite_%'");
        std::set<std::pair<std::string, std::string>> found;
        while (each.executeStep())
            found.emplace(each.getColumn(0).getString(), each.getColumn(1).getString());
        return found;
    }();
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz::scratch("ledger.db");
    fuzz::put_alone(file, fuzz::good_ledger());
    bool changed = false;
    {
        SQLite::Database behind(file.string(), SQLite::OPEN_READWRITE);
        sqlite3_db_config(behind.getHandle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
        behind.exec(
            "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; "
            "BEGIN");
        changes all{behind};
        std::string_view input{reinterpret_cast<const char*>(data), size};
        while (!input.empty()) {
            const auto end = std::min(input.find('\n'), input.size());
            all.make(input.substr(0, end));
            input.remove_prefix(std::min(end + 1, input.size()));
        }
        changed = all.any();
        behind.exec("COMMIT");
    }
    if (changed && fuzz::first_problem(file).empty())
        fuzz::wrong("verify finds nothing", {reinterpret_cast<const char*>(data), size});
    fuzz::ask_everything(file);
    fuzz::start_station(file);
    return 0;
}
