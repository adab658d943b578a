// SPDX-License-Identifier: Apache-2.0
// Somebody who has the file, and knows SQL: every column of every row changed, every row deleted, doubled and
// exchanged with its neighbour, constraints and triggers out of the way. Each is found, and the row named.
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <catch2/catch.hpp>

#include "ledger_fixture.hpp"

using namespace fleetline;
using namespace fleetline::test;
using ledger::stage;

namespace {

struct column {
    std::string name, type;
    bool is_key = false;
};

struct table {
    const char* name;
    const char* key;    ///< an expression that tells its rows apart
    const char* named;  ///< how verify names a row; % is its key
};

// Of event, attempt, certificate: verify names the number; the others are few rows.
const table tables[] = {{"event", "seq", "event %"},
                        {"attempt", "number", "attempt %"},
                        {"certificate", "number", "certificate %"},
                        {"rework", "number", "rework %"},
                        {"work_order", "name", "work_order %"},
                        {"order_serial", "serial", "order_serial"},
                        {"ownership_token", "certificate", "ownership_token %"},
                        {"checkpoint", "seq", "checkpoint %"},
                        {"transcript", "attempt", "transcript %"},
                        {"signer", "certificate_sha256", "checkpoint "},
                        {"head", "one", ""},
                        {"station", "number", "event 1"}};

/// A ledger with a row in every table, and somebody inside.
class intruder {
  public:
    intruder() {
        line_.book.reset();
        line_.how.key_directory = line_.directory.path();
        line_.open();
        fill();
        line_.book.reset();
        file_ = std::make_unique<SQLite::Database>(line_.how.file.string(), SQLite::OPEN_READWRITE, 5000);
        file_->exec(
            "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF");
        schema_ = texts(
            "SELECT sql FROM sqlite_schema WHERE name GLOB 'event_is_*' OR name = 'certificate_current'");
        file_->exec(
            "DROP TRIGGER event_is_appended; DROP TRIGGER event_is_not_changed; DROP TRIGGER "
            "event_is_not_deleted; DROP INDEX certificate_current");
        reader_ = std::make_unique<ledger::reader>(line_.how.file);
    }

    void run(const std::string& sql) { file_->exec(sql); }

    std::vector<std::string> texts(const std::string& sql) {
        SQLite::Statement row(*file_, sql);
        std::vector<std::string> found;
        while (row.executeStep()) found.push_back(row.getColumn(0).getString());
        return found;
    }

    std::vector<column> columns_of(const table& of) {
        SQLite::Statement row(*file_,
                              "SELECT name, type, pk FROM pragma_table_info('" + std::string(of.name) + "')");
        std::vector<column> found;
        while (row.executeStep())
            found.push_back(
                {row.getColumn(0).getString(), row.getColumn(1).getString(), row.getColumn(2).getInt() != 0});
        return found;
    }

    std::vector<std::string> keys_of(const table& of) {
        return texts("SELECT quote(" + std::string(of.key) + ") FROM " + of.name + " ORDER BY 1");
    }

    std::string first_problem() const {
        const auto found = reader_->verify({}, ledger::verify_on::one_thread).problems;
        CHECK(found == reader_->verify({}, ledger::verify_on::two_threads).problems);
        for (const auto& one : found)
            if (one.find("the schema: ") != 0) return one;
        return {};
    }

    /// The whole first one; both ways of looking agree.
    std::string problem() {
        const ledger::reader fresh(line_.how.file);
        const auto found = fresh.verify({}, ledger::verify_on::one_thread).problems;
        CHECK(found == fresh.verify({}, ledger::verify_on::two_threads).problems);
        return found.empty() ? std::string() : found.front();
    }

    /// Puts back what the constructor took away.
    void mend_schema() {
        for (const auto& sql : schema_) run(sql);
    }

    /// Says that the object is what it is not.
    void rewrite_schema(const std::string& name, const std::string& sql) {
        run("PRAGMA writable_schema = ON");
        {
            SQLite::Statement row(*file_, "UPDATE sqlite_schema SET sql = ?1 WHERE name = ?2");
            row.bind(1, sql);
            row.bind(2, name);
            row.exec();
        }
        run("PRAGMA writable_schema = RESET");
    }

    /// Does it, looks, and takes it back.
    std::string problem_after(const std::string& sql, const std::string& table) {
        run("DROP TABLE IF EXISTS temp.before; CREATE TEMP TABLE before AS SELECT * FROM main." + table);
        run(sql);
        auto found = first_problem();
        run("BEGIN; DELETE FROM main." + table + "; INSERT INTO main." + table +
            " SELECT * FROM temp.before; COMMIT");
        return found;
    }

  private:
    void fill() {
        line_.append(ledger::station_started{"1.0", "abc"});
        line_.append(ledger::order_opened{order_name("WO-1"), product_name("meter"), 10, "kim", true});
        test::run(line_.io, line_.book->import_serials(order_name("WO-1"),
                                                       {serial_number("SN0001"), serial_number("SN0002")}));
        board_story(line_, "attempt-1", "SN0001").pass();
        board_story second(line_, "attempt-2", "SN0002");
        second.up_to(stage::registered);
        line_.book->store_transcript(attempt_id("attempt-2"), "> conf get");
        second.finish("failed", "port-gone");
        board_story(line_, "attempt-3", "SN0002").pass();
        line_.append(ledger::rework_authorised{serial_number("SN0001"), "flash replaced", "kim"});
        board_story(line_, "attempt-4", "SN0001").pass();
        line_.append(ledger::certificate_revoked{
            certificate_id(board_story(line_, "attempt-1", "").certificate), "kim", "done"});
        board_story(line_, "attempt-5", "SN0005").up_to(stage::issued);
    }

    ledger_fixture line_;
    std::unique_ptr<SQLite::Database> file_;
    std::unique_ptr<ledger::reader> reader_;
    std::vector<std::string> schema_;
};

/// Another value of the column's type, as SQL.
std::string other_value(const column& of) {
    if (of.name == "clock_synchronised" || of.name == "allow_list" || (of.name == "rework" && !of.is_key))
        return "1 - " + of.name;
    if (of.type == "INTEGER") return "coalesce(" + of.name + ", 0) + 1000";
    if (of.type == "BLOB") return "CAST(x'5a' || substr(" + of.name + ", 2) AS BLOB)";
    return "coalesce(" + of.name + ", '') || 'x'";
}

std::string unquoted(const std::string& key) {
    return key.starts_with('\'') ? key.substr(1, key.size() - 2) : key;
}

bool begins_with_number(const std::string& text) {
    return !text.empty() && text[0] >= '0' && text[0] <= '9';
}

/// "event 12" names row 12, and so does "events 12 to 14".
bool names(const std::string& problem, const table& of, const std::string& key) {
    std::string expected = of.named;
    const auto at = expected.find('%');
    if (at == std::string::npos) return !problem.empty() && problem.find(expected) == 0;
    expected.replace(at, 1, unquoted(key));
    std::string said = problem;
    if (said.find("events ") == 0) said.erase(5, 1);
    return said.find(expected) == 0 && !begins_with_number(said.substr(expected.size()));
}

/// Where the key itself was changed, the row is known by its new one.
bool names_either(const std::string& problem, const table& of, const std::string& key) {
    return names(problem, of, key) ||
           (begins_with_number(key) && names(problem, of, std::to_string(std::stoll(key) + 1000)));
}

}  // namespace

TEST_CASE("any column of any row changed is found, and the row named", "[ledger][verify][tamper]") {
    intruder in;
    REQUIRE(in.first_problem().empty());
    for (const auto& of : tables) {
        const auto keys = in.keys_of(of);
        REQUIRE_FALSE(keys.empty());
        const auto columns = in.columns_of(of);
        for (std::size_t i = 0; i < keys.size(); ++i) {
            for (std::size_t c = 0; c < columns.size(); ++c) {
                // Events are many and all alike: each has one column changed, some have every one.
                if (std::string(of.name) == "event" && i % 16 != 3 && c != i % columns.size()) continue;
                if (columns[c].name == "stored_at") continue;  // of no consequence
                const std::string where = " WHERE " + std::string(of.key) + " = " + keys[i];
                const auto problem =
                    in.problem_after("UPDATE " + std::string(of.name) + " SET " + columns[c].name + " = " +
                                         other_value(columns[c]) + where,
                                     of.name);
                CAPTURE(of.name, columns[c].name, keys[i], problem);
                CHECK((columns[c].is_key ? names_either(problem, of, keys[i]) : names(problem, of, keys[i])));
            }
        }
    }
    CHECK(in.first_problem().empty());
}

TEST_CASE("an index that lacks a row, or has another value for it, is found, and the row named",
          "[ledger][verify][tamper]") {
    intruder in;
    in.mend_schema();
    REQUIRE(in.problem().empty());
    struct index {
        std::string name, table, key, sql;
    };
    std::vector<index> all;
    for (const auto& name :
         in.texts("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")) {
        const auto value = [&](const std::string& what) {
            return in.texts("SELECT " + what + " FROM sqlite_schema WHERE name = '" + name + "'").front();
        };
        const auto table = value("tbl_name");
        all.push_back({name, table, table == "event" ? "seq" : "number", value("sql")});
    }
    REQUIRE(all.size() > 8);
    int tried = 0;
    for (const auto& [name, table, key, sql] : all) {
        if (table == "transcript") continue;  // by age: where it is wrong, one is dropped sooner or later
        const bool partial = sql.find(" WHERE ") != std::string::npos;
        const auto condition = partial ? sql.substr(sql.find(" WHERE ")) : "";
        for (const auto& row : in.texts("SELECT " + key + " FROM " + table + condition)) {
            const auto without = sql + (partial ? " AND " : " WHERE ") + key + " <> " + row;
            const auto begin = sql.find('(') + 1;
            const auto column = sql.substr(begin, sql.find(')') - begin);
            auto other = sql;
            other.replace(begin, column.size(),
                          "CASE " + key + " WHEN " + row + " THEN 'x' ELSE " + column + " END");
            for (const auto& wrong : {without, other}) {
                if (wrong == other && column == key) continue;  // the row's number is read beside it
                in.run("DROP INDEX " + name + "; " + wrong);
                in.rewrite_schema(name, sql);
                const auto problem = in.problem();
                CAPTURE(name, row, wrong, problem);
                CHECK(problem.find(table + ": row ") == 0);
                ++tried;
            }
            in.run("DROP INDEX " + name + "; " + sql);
            in.rewrite_schema(name, sql);
        }
    }
    CHECK(tried > 60);
    CHECK(in.problem().empty());
}

TEST_CASE("any row deleted is found, and named", "[ledger][verify][tamper]") {
    intruder in;
    for (const auto& of : tables) {
        if (std::string(of.name) == "ownership_token" || std::string(of.name) == "checkpoint") continue;
        for (const auto& key : in.keys_of(of)) {
            const auto problem = in.problem_after(
                "DELETE FROM " + std::string(of.name) + " WHERE " + of.key + " = " + key, of.name);
            CAPTURE(of.name, key, problem);
            CHECK(names(problem, of, key));
        }
    }
}

TEST_CASE("any row added is found, and named", "[ledger][verify][tamper]") {
    intruder in;
    for (const auto& of : tables) {
        const std::string name = of.name;
        // One row; of no consequence.
        if (name == "head" || name == "station") continue;
        const auto columns = in.columns_of(of);
        for (const auto& key : in.keys_of(of)) {
            std::string values;
            for (const auto& one : columns) {
                const bool unique = one.is_key || one.name == "attempt_id" || one.name == "certificate_id";
                values += (values.empty() ? "" : ", ") + (unique ? other_value(one) : one.name);
            }
            const auto problem = in.problem_after("INSERT INTO " + name + " SELECT " + values +
                                                      " FROM main." + name + " WHERE " + of.key + " = " + key,
                                                  name);
            CAPTURE(name, key, problem);
            if (name == "event")
                CHECK(problem.find("event") == 0);  // behind the last one, after a gap
            else
                CHECK(problem.find(name) == 0);
        }
    }
}

TEST_CASE("two rows exchanged are found, and one of them named", "[ledger][verify][tamper]") {
    intruder in;
    for (const auto* name : {"event", "attempt", "certificate"}) {
        const auto& of = *std::find_if(std::begin(tables), std::end(tables),
                                       [name](const table& one) { return std::string(one.name) == name; });
        auto keys = in.texts("SELECT " + std::string(of.key) + " FROM " + name + " ORDER BY " + of.key);
        for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
            const auto set = [&](const std::string& from, const std::string& to) {
                return "UPDATE " + std::string(name) + " SET " + of.key + " = " + to + " WHERE " + of.key +
                       " = " + from + ';';
            };
            const auto problem = in.problem_after(
                set(keys[i], "-1") + set(keys[i + 1], keys[i]) + set("-1", keys[i + 1]), name);
            CAPTURE(name, keys[i], problem);
            CHECK((names(problem, of, keys[i]) || names(problem, of, keys[i + 1])));
        }
    }
}

TEST_CASE("a table cut short is found, and the first row that is gone named", "[ledger][verify][tamper]") {
    intruder in;
    const auto last = std::stoll(in.texts("SELECT max(seq) FROM event").front());
    for (auto kept = last - 2; kept >= 0; kept -= 5) {
        const auto problem =
            in.problem_after("DELETE FROM event WHERE seq > " + std::to_string(kept), "event");
        CAPTURE(kept, problem);
        CHECK(problem.find("events " + std::to_string(kept + 1) + " to " + std::to_string(last)) == 0);
    }
    for (const auto* name : {"attempt", "certificate"}) {
        for (const auto& first : in.texts("SELECT number FROM " + std::string(name))) {
            const auto problem =
                in.problem_after("DELETE FROM " + std::string(name) + " WHERE number >= " + first, name);
            CAPTURE(name, first, problem);
            CHECK(problem.find(std::string(name) + ' ' + first + ' ') == 0);
        }
    }
}
