// SPDX-License-Identifier: Apache-2.0
#include "ledger/reader.hpp"

#include <utility>

#include "core/encoding.hpp"
#include "ledger/book_rows.hpp"
#include "ledger/connection.hpp"
#include "ledger/event_codec.hpp"
#include "ledger/resume.hpp"
#include "ledger/verify.hpp"

namespace fleetline::ledger {

namespace {

connection_options to_read(const std::string& vfs) {
    connection_options how;
    how.vfs = vfs;
    how.read_only = true;
    return how;
}

std::string attempt_query(bool brief) {
    const std::string of_others = brief ? "NULL, NULL, NULL" : "c.certificate_id, c.not_after, event.hash";
    const std::string joined = brief ? ""
                                     : " LEFT JOIN certificate AS c ON c.number = a.certificate "
                                       "LEFT JOIN event ON event.seq = a.last_event";
    return "SELECT a.attempt_id, a.slot, a.serial, a.serial_source, a.product, a.work_order, "
           "a.operator_name, "
           "a.dialect, a.firmware_version, a.started_at, a.finished_at, a.outcome, a.failure_code, "
           "a.failure_step, a.thing_name, a.public_key_sha256, a.key_origin, a.proof, a.replaces, "
           "a.template_name, a.failure_text, a.step_ms, a.station, a.duration_ms, a.clock_synchronised, "
           "a.last_event, " +
           of_others + " FROM attempt AS a" + joined;
}

/// Rows one after the other, in the memory of the one before.
class attempt_rows {
  public:
    explicit attempt_rows(connection& rows)
        : station_(rows.prepared("SELECT name FROM station WHERE number = ?1")) {}

    const attempt_row& read(statement& row) {
        auto& a = row_;
        int at = 0;
        for (auto* text : {&a.attempt_id,
                           &a.slot,
                           &a.serial,
                           &a.serial_source,
                           &a.product,
                           &a.order,
                           &a.operator_name,
                           &a.dialect,
                           &a.firmware_version,
                           &a.started_at,
                           &a.finished_at,
                           &a.outcome,
                           &a.failure_code,
                           &a.failure_step,
                           &a.thing_name,
                           &a.public_key_sha256,
                           &a.key_origin,
                           &a.proof,
                           &a.replaces_certificate_id,
                           &a.template_name,
                           &a.failure_text,
                           &a.step_ms})
            text->assign(row.view(at++));
        if (const auto station = row.integer(at++); station != station_number_) look_up_station(station);
        a.duration_ms.reset();
        if (!row.is_null(at)) a.duration_ms = row.integer(at);
        ++at;
        a.clock_synchronised = row.integer(at++) != 0;
        a.event_seq = row.integer(at++);
        a.certificate_id.assign(row.view(at++));
        a.certificate_sha256 = a.certificate_id;  // AWS's id is the SHA-256 of the DER
        a.certificate_not_after.assign(row.view(at++));
        a.event_hash = to_hex(row.view(at++));
        return a;
    }

  private:
    /// Nearly all rows are of the same one: cheaper than to join them.
    void look_up_station(std::int64_t number) {
        const resetting after(station_);
        station_.bind(1, number);
        row_.station = station_.step() ? station_.text(0) : std::string();
        station_number_ = number;
    }

    statement& station_;
    std::int64_t station_number_ = 0;
    attempt_row row_;
};

/// A filter as SQL, with what to bind in its order.
struct conditions {
    std::string sql;
    std::vector<std::string> values;

    void add(std::string_view condition, std::string value) {
        sql += sql.empty() ? " WHERE " : " AND ";
        sql += condition;
        if (value.empty()) return;
        values.push_back(std::move(value));
        sql += '?' + std::to_string(values.size());
    }

    /// Serial numbers and thing names are read in their indexes, which are small beside the table; the bound
    /// is for a text that is in all of them.
    void add_part(std::string_view part) {
        std::string pattern = "%";
        for (const char c : part) {
            if (c == '%' || c == '_' || c == '\\') pattern += '\\';
            pattern += c;
        }
        values.push_back(pattern + '%');
        const std::string like =
            " LIKE ?" + std::to_string(values.size()) + " ESCAPE '\\' ORDER BY number DESC LIMIT 100000)";
        sql += sql.empty() ? " WHERE " : " AND ";
        sql +=
            "a.number IN (SELECT number FROM (SELECT number FROM attempt INDEXED BY attempt_by_serial WHERE "
            "serial IS NOT NULL AND serial" +
            like +
            " UNION ALL SELECT number FROM (SELECT number FROM attempt INDEXED BY attempt_by_thing WHERE "
            "thing_name IS NOT NULL AND thing_name" +
            like + ")";
    }
    void bind(statement& to) const {
        for (std::size_t i = 0; i < values.size(); ++i) to.bind(static_cast<int>(i + 1), values[i]);
    }
};

conditions conditions_of(const filter& wanted) {
    conditions all;
    if (wanted.since) all.add("a.started_at >= ", to_rfc3339(*wanted.since));
    if (wanted.until) all.add("a.started_at < ", to_rfc3339(*wanted.until));
    // Rows come by number, so that SQLite would read the whole table for a day of it: the index says where
    // the day begins and ends. (+: without it, SQLite would look for the first number from the table's other
    // end.)
    const std::string period = "FROM attempt AS a" + all.sql + ')';
    if (wanted.since) all.add("a.number >= (SELECT min(+a.number) " + period, {});
    if (wanted.since && wanted.until) all.add("a.number <= (SELECT max(+a.number) " + period, {});
    // (+: a serial number's few attempts are found by its index, never among all those of an order.)
    const char* const order = wanted.serial.empty() ? "a.work_order = " : "+a.work_order = ";
    const std::pair<const char*, const std::string*> equal[] = {{"a.product = ", &wanted.product},
                                                                {order, &wanted.order},
                                                                {"a.outcome = ", &wanted.outcome},
                                                                {"a.serial = ", &wanted.serial},
                                                                {"a.slot = ", &wanted.slot},
                                                                {"a.attempt_id = ", &wanted.attempt},
                                                                {"a.operator_name = ", &wanted.operator_name},
                                                                {"a.failure_code = ", &wanted.failure_code}};
    for (const auto& [condition, value] : equal)
        if (!value->empty()) all.add(condition, *value);
    if (!wanted.part.empty()) all.add_part(wanted.part);
    return all;
}

std::string ending_of(const filter& wanted) {
    return std::string(" ORDER BY a.number") + (wanted.newest_first ? " DESC" : "") + " LIMIT " +
           std::to_string(wanted.limit);
}

}  // namespace

class reader::impl {
  public:
    impl(const std::filesystem::path& file, const std::string& with) : vfs(with), rows(file, to_read(vfs)) {}

    /// Runs `what`; SQLite's errors become failures.
    template <class What>
    auto reading(What&& what) {
        try {
            return what();
        } catch (const SQLite::Exception& error) {
            throw ledger_failure_from(error, "Reading the ledger", rows.file());
        }
    }

    std::vector<std::string> texts(const char* sql, std::string_view key, std::string_view second = {}) {
        auto& row = rows.prepared(sql);
        const resetting after(row);
        row.bind(1, key);
        if (!second.empty()) row.bind(2, second);
        std::vector<std::string> found;
        while (row.step()) found.push_back(row.text(0));
        return found;
    }

    device_row device_row_from(statement& row) {
        device_row d;
        int at = 0;
        for (auto* text : {&d.serial, &d.product, &d.order, &d.station, &d.slot, &d.outcome, &d.attempt_id,
                           &d.updated_at, &d.thing_name, &d.certificate_id})
            *text = row.text(at++);
        d.attempts = row.integer(at);
        const auto record = device_record_of(rows, serial_number(d.serial), utc_time{});
        d.stage = stage_name(record.reached);
        return d;
    }

    std::string vfs;
    std::function<bool()> over;  ///< before `rows`, which asks it
    connection rows;
};

namespace {

/// The newest attempt of each serial stands for the device.
constexpr const char* device_query =
    "SELECT a.serial, a.product, a.work_order, station.name, a.slot, a.outcome, a.attempt_id, "
    "coalesce(a.finished_at, a.started_at), c.thing_name, c.certificate_id, "
    "(SELECT count(*) FROM attempt AS other WHERE other.serial = a.serial) "
    "FROM attempt AS a JOIN station ON station.number = a.station "
    "LEFT JOIN certificate AS c ON c.serial = a.serial AND c.state = 'current'";

constexpr const char* certificate_query =
    "SELECT c.certificate_id, c.state, c.serial, c.thing_name, a.attempt_id, c.issued_at, c.not_after, "
    "c.why, "
    "c.replaced_by, e.kind, e.payload, c.revoked_at, c.revoked_by, c.revoked_note FROM certificate AS c "
    "LEFT JOIN attempt AS a ON a.number = c.attempt LEFT JOIN event AS e ON e.seq = c.number";

/// `issued` is not among them: the cloud drops by itself what was never to be registered.
constexpr const char* stale_condition =
    " OR (c.state IN ('requested', 'registered', 'delivered', 'proved') AND c.issued_at < ?1 "
    "AND NOT EXISTS (SELECT 1 FROM attempt AS seen WHERE (seen.serial = c.serial OR seen.number = c.attempt) "
    "AND (seen.outcome IS NULL OR seen.outcome = 'passed' OR "
    "coalesce(seen.finished_at, seen.started_at) >= ?1)))";

certificate_row certificate_row_from(statement& row) {
    certificate_row c;
    int at = 0;
    for (auto* text : {&c.certificate_id, &c.state, &c.serial, &c.thing_name, &c.attempt_id, &c.issued_at,
                       &c.not_after, &c.why, &c.replaced_by})
        *text = row.text(at++);
    if (auto what = event_from(row.view(9), row.view(10))) {
        if (auto* made = std::get_if<issued>(&*what))
            c.pem = std::move(made->certificate_pem);
        else if (auto* aside = std::get_if<certificate_set_aside>(&*what))
            c.pem = std::move(aside->certificate_pem);
    }
    c.revoked_at = row.text(11);
    c.revoked_by = row.text(12);
    c.revoked_note = row.text(13);
    return c;
}

/// When the board of this certificate was last in a slot.
std::string last_seen(connection& rows, const certificate_row& of) {
    auto& row = rows.prepared(
        "SELECT max(coalesce(finished_at, started_at)) FROM attempt WHERE serial = ?1 OR attempt_id = ?2");
    const resetting after(row);
    row.bind(1, of.serial).bind(2, of.attempt_id);
    return row.step() ? row.text(0) : std::string();
}

/// Not worth another connection and threads. A damaged file is left to verify: it says where.
bool is_small(connection& rows) {
    constexpr std::int64_t few = 5'000;
    try {
        return rows.database().execAndGet("SELECT coalesce(max(seq), 0) FROM event").getInt64() < few;
    } catch (const SQLite::Exception&) {
        return true;
    }
}

}  // namespace

std::map<std::string, std::int64_t> steps_of(const attempt_row& row) {
    return steps_from_json(row.step_ms);
}

reader::reader(const std::filesystem::path& file, const std::string& vfs)
    : impl_(std::make_unique<impl>(file, vfs)) {}
reader::~reader() = default;

void reader::attempts(const filter& wanted, const std::function<bool(const attempt_row&)>& each) const {
    impl_->reading([&] {
        const auto where = conditions_of(wanted);
        statement row(impl_->rows.database(), attempt_query(wanted.brief) + where.sql + ending_of(wanted));
        where.bind(row);
        attempt_rows read(impl_->rows);
        while (row.step())
            if (!each(read.read(row))) break;
    });
}

void reader::devices(const filter& wanted, const std::function<bool(const device_row&)>& each) const {
    impl_->reading([&] {
        auto where = conditions_of(wanted);
        where.add(
            "a.serial IS NOT NULL AND NOT EXISTS (SELECT 1 FROM attempt AS later WHERE later.serial = "
            "a.serial "
            "AND later.number > a.number)",
            {});
        statement row(impl_->rows.database(), device_query + where.sql + ending_of(wanted));
        where.bind(row);
        while (row.step())
            if (!each(impl_->device_row_from(row))) break;
    });
}

std::optional<device_row> reader::device(std::string_view serial) const {
    std::optional<device_row> found;
    filter wanted;
    wanted.serial = serial;
    wanted.limit = 1;
    devices(wanted, [&found](const device_row& row) {
        found = row;
        return false;
    });
    return found;
}

void reader::certificates(const certificate_filter& wanted,
                          const std::function<bool(const certificate_row&)>& each) const {
    impl_->reading([&] {
        const bool stale_too = wanted.to_revoke && wanted.stale_before;
        std::string where = wanted.to_revoke ? " WHERE c.state IN ('orphaned', 'superseded')" : "";
        if (stale_too) where += stale_condition;
        statement row(impl_->rows.database(), certificate_query + where + " ORDER BY c.number DESC");
        const std::string before = stale_too ? to_rfc3339(*wanted.stale_before) : "";
        if (stale_too) row.bind(1, before);
        while (row.step()) {
            auto found = certificate_row_from(row);
            if (stale_too && found.why.empty())
                found.why = "its board has not passed, and not been here since " +
                            last_seen(impl_->rows, found).substr(0, 10);
            if (!each(found)) break;
        }
    });
}

void reader::orders(const std::function<bool(const order_row&)>& each) const {
    impl_->reading([&] {
        statement row(
            impl_->rows.database(),
            "SELECT o.name, o.product, o.opened_at, o.opened_by, o.closed_at, o.closed_by, o.quota, "
            "o.passed, (SELECT count(*) FROM order_serial AS s WHERE s.work_order = o.name), "
            "o.allow_list, o.first_serial, o.last_serial, o.last_assigned FROM work_order AS o ORDER BY "
            "o.opened_at DESC, o.name");
        while (row.step()) {
            order_row o;
            int at = 0;
            for (auto* text : {&o.order, &o.product, &o.opened_at, &o.opened_by, &o.closed_at, &o.closed_by})
                *text = row.text(at++);
            for (auto* number : {&o.quota, &o.passed, &o.listed}) *number = row.integer(at++);
            o.allow_list = row.integer(at++) != 0;
            for (auto* text : {&o.first_serial, &o.last_serial, &o.last_assigned}) *text = row.text(at++);
            if (o.closed_at.empty())
                o.next_serial = next_serial_in(impl_->rows, o.first_serial, o.last_serial, o.last_assigned);
            if (!each(o)) break;
        }
    });
}

std::vector<certificate_row> reader::certificates_of(std::string_view serial) const {
    return impl_->reading([&] {
        statement row(impl_->rows.database(),
                      std::string(certificate_query) + " WHERE c.serial = ?1 ORDER BY c.number DESC");
        row.bind(1, serial);
        std::vector<certificate_row> found;
        while (row.step()) found.push_back(certificate_row_from(row));
        return found;
    });
}

std::vector<std::string> reader::find(std::string_view key) const {
    if (key.empty()) return {};
    return impl_->reading([&] {
        auto found = impl_->texts("SELECT serial FROM attempt WHERE serial = ?1 LIMIT 1", key);
        if (found.empty())
            found = impl_->texts(
                "SELECT DISTINCT serial FROM attempt WHERE thing_name = ?1 AND serial IS NOT NULL", key);
        if (found.empty() && key.size() >= 8) {
            std::string lower(key);
            for (auto& c : lower)
                if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
            found = impl_->texts(
                "SELECT DISTINCT serial FROM certificate WHERE certificate_id >= ?1 AND certificate_id < ?2 "
                "AND serial "
                "IS NOT NULL LIMIT 100",
                lower, lower + "~");
        }
        return found;
    });
}

std::string reader::first_attempt_of(std::string_view serial) const {
    return impl_->reading([&] {
        const auto found = impl_->texts(
            "SELECT attempt_id FROM attempt WHERE serial = ?1 AND outcome IS NOT 'refused' ORDER BY number "
            "LIMIT 1",
            serial);
        return found.empty() ? std::string() : found.front();
    });
}

std::vector<event_row> reader::events_of(std::string_view attempt_id) const {
    return impl_->reading([&] {
        auto& row = impl_->rows.prepared(
            "SELECT e.seq, e.recorded_at, e.kind, e.payload, e.hash, e.clock_synchronised FROM attempt AS a "
            "JOIN event "
            "AS e ON e.attempt = a.number WHERE a.attempt_id = ?1 ORDER BY e.seq");
        const resetting after(row);
        row.bind(1, attempt_id);
        std::vector<event_row> found;
        while (row.step())
            found.push_back({row.integer(0), row.text(1), row.text(2), std::string(attempt_id), row.text(3),
                             to_hex(row.view(4)), row.integer(5) != 0});
        return found;
    });
}

std::string reader::transcript(std::string_view attempt_id) const {
    return impl_->reading([&] {
        const auto found = impl_->texts(
            "SELECT t.text FROM transcript AS t JOIN attempt AS a ON a.number = t.attempt WHERE a.attempt_id "
            "= ?1",
            attempt_id);
        return found.empty() ? std::string() : found.front();
    });
}

std::string reader::station() const {
    return impl_->reading([&] {
        auto& row = impl_->rows.prepared("SELECT name FROM station ORDER BY number DESC LIMIT 1");
        const resetting after(row);
        return row.step() ? row.text(0) : std::string();
    });
}

chain_head reader::head() const {
    return impl_->reading([&] {
        auto& row = impl_->rows.prepared("SELECT seq, hash FROM head");
        const resetting after(row);
        return row.step() ? chain_head{row.integer(0), to_hex(row.view(1))} : chain_head{};
    });
}

std::int64_t reader::schema_version() const {
    return impl_->reading(
        [&] { return std::int64_t{impl_->rows.database().execAndGet("PRAGMA user_version").getInt()}; });
}

void reader::hold_still() const {
    impl_->reading([&] {
        impl_->rows.database().exec("BEGIN");
        impl_->rows.database().execAndGet(
            "SELECT count(*) FROM head");  // the moment is that of the first look
    });
}

void reader::move_on() const noexcept {
    impl_->rows.database().tryExec("ROLLBACK");
}

void reader::break_off_when(std::function<bool()> over) const {
    constexpr int steps = 20'000;  // of SQLite's machine: some hundred rows
    impl_->over = std::move(over);
    auto* const ask = +[](void* of) { return static_cast<impl*>(of)->over() ? 1 : 0; };
    sqlite3_progress_handler(impl_->rows.database().getHandle(), steps, impl_->over ? ask : nullptr,
                             impl_.get());
}

bool reader::knows_signer(std::string_view certificate_sha256) const {
    return impl_->reading([&] {
        return !impl_->texts("SELECT signer FROM checkpoint WHERE signer = ?1 LIMIT 1", certificate_sha256)
                    .empty();
    });
}

verification reader::verify(std::vector<checkpoint> outside, verify_on threads) const {
    auto& rows = impl_->rows;
    return impl_->reading([&] {
        if (threads == verify_on::one_thread || (threads == verify_on::as_fits && is_small(rows)))
            return verifier(rows, rows, std::move(outside)).run();
        connection beside(rows.file(), to_read(impl_->vfs));
        return verifier(rows, beside, std::move(outside)).run();
    });
}

}  // namespace fleetline::ledger
