// SPDX-License-Identifier: Apache-2.0
#include "ledger/writer.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/serial_range.hpp"
#include "ledger/event_codec.hpp"
#include "ledger/projection.hpp"

namespace fleetline::ledger {

namespace {

connection_options to_write(const options& wanted) {
    make_if_new(wanted);
    connection_options how;
    how.create = wanted.create;
    how.durable = wanted.durable;
    how.vfs = wanted.vfs;
    how.at_work = wanted.at_work;
    return how;
}

std::string station_name(const std::string& wanted) {
    if (wanted.empty() || !is_utf8(wanted) ||
        wanted.find_first_of(std::string("\n\r\0", 3)) != std::string::npos)
        throw failure("station-configuration", "Opening the ledger", "station '" + printable(wanted) + "'",
                      "the station's id must be one line of text");
    return wanted;
}

sha256_digest digest_from(std::string_view bytes) {
    sha256_digest digest{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
    return digest;
}

/// Line by line what can be read, should a board's bytes have got this far.
void make_readable(std::string& text) {
    if (is_utf8(text)) return;
    std::string all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) all += printable(line, line.size()) + '\n';
    text = std::move(all);
}

}  // namespace

void prepare(accepted& next) {
    make_recordable(next.what);
    if (auto* ended = std::get_if<attempt_finished>(&next.what); ended && !next.transcript.empty()) {
        make_readable(next.transcript);
        ended->transcript_sha256 = sha256_hex(next.transcript);  // so that the chain covers it
    }
    next.payload = payload_of(next.what);
}

void make_if_new(const options& wanted) {
    std::error_code ignored;
    if (!wanted.create || !wanted.vfs.empty() || std::filesystem::exists(wanted.file, ignored)) return;
    const auto key = wanted.key_directory / "station.key";
    if (!wanted.key_directory.empty() && std::filesystem::exists(key, ignored))
        throw ledger_failure("station-ledger-missing", "Opening the ledger", wanted.file,
                             "it is gone, and the station has worked before (" + key.string() +
                                 " is there): put a backup in its place with 'fleetline restore', or make an "
                                 "empty file of that name to begin anew");
    make_file(wanted.file);
}

writer::writer(const options& wanted) : wanted_(wanted), rows_(wanted.file, to_write(wanted)), books_(rows_) {
    const std::string name = station_name(wanted.station);
    try {
        rows_.prepared("INSERT OR IGNORE INTO station (name) VALUES (?1)").bind(1, name).run();
        auto& row = rows_.prepared("SELECT number FROM station WHERE name = ?1");
        const resetting after(row);
        row.bind(1, name).step();
        station_ = row.integer(0);
        check_head();
        if (const auto last = checkpoints(1); !last.empty()) signed_seq_ = last.front().seq;
    } catch (const SQLite::Exception& error) {
        throw ledger_failure_from(error, "Opening the ledger", wanted.file);
    }
    note_files();
}

void writer::read_head() {
    auto& row = rows_.prepared("SELECT seq, hash FROM head WHERE one = 1");
    const resetting after(row);
    if (!row.step())
        throw ledger_failure("station-ledger-broken", "Reading the ledger", wanted_.file,
                             "its head is missing");
    const auto seq = row.integer(0);
    if (seq != head_seq_) books_.forget();  // somebody else wrote
    head_seq_ = seq;
    head_hash_ = digest_from(row.view(1));
}

/// The last event must be the one the head names, and be what its hash says. `audit verify` checks the rest.
void writer::check_head() {
    read_head();
    const auto broken = [this](std::string why) {
        return ledger_failure("station-ledger-broken", "Opening the ledger", wanted_.file, std::move(why));
    };
    auto& row = rows_.prepared(
        "SELECT seq, previous_hash, station.name, recorded_at, clock_synchronised, kind, attempt, payload, "
        "hash "
        "FROM event LEFT JOIN station ON station.number = event.station ORDER BY seq DESC LIMIT 1");
    const resetting after(row);
    if (!row.step()) {
        if (head_seq_ != 0) throw broken("its last events are missing");
        return;
    }
    if (row.integer(0) != head_seq_) throw broken("its last events are not those that were written");
    const auto hash = hasher_({row.view(1), row.integer(0), row.view(2), row.view(3), row.integer(4) != 0,
                               row.view(5), row.integer(6), row.view(7)});
    if (bytes_of(hash) != row.view(8) || hash != head_hash_)
        throw broken("event " + std::to_string(head_seq_) + " is not what was written");
}

writer::file_identity writer::identity_of(const std::string& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino};
}

void writer::note_files() {
    file_ = identity_of(wanted_.file.string());
    log_ = identity_of(wanted_.file.string() + "-wal");
}

void writer::check_file() {
    if (!rows_.is_open()) reopen();
    if (!wanted_.vfs.empty()) return;
    if (!is_name_lasting_) {
        sync_directory_of(wanted_.file);
        is_name_lasting_ = true;
    }
    const auto found = identity_of(wanted_.file.string());
    if (found == file_identity{}) return put_back();
    if (found != file_)
        throw ledger_failure("station-ledger-unwritable", "Writing the ledger", wanted_.file,
                             "another file was put in its place");
    // Nobody who opens the ledger takes the log of another away. What was written last is in it, and would be
    // lost with this process.
    if (identity_of(wanted_.file.string() + "-wal") != log_) put_back();
}

namespace {

std::string head_in(SQLite::Database& database) {
    return database.execAndGet("SELECT seq || ' ' || hex(hash) FROM head WHERE one = 1").getString();
}

}  // namespace

/// It was put back, and could not be opened then.
void writer::reopen() {
    const auto is_another = [this](std::string why) {
        return ledger_failure("station-ledger-unwritable", "Writing the ledger", wanted_.file,
                              std::move(why));
    };
    if (!std::filesystem::exists(wanted_.file)) throw is_another("it was put back, and is gone again");
    rows_.open();
    if (head_in(rows_.database()) != head_put_back_) {
        rows_.close();
        throw is_another("another file was put in its place");
    }
    note_files();
}

/// The file was deleted or moved away, or its log was, but all of it is still there behind our open handles:
/// nothing that was acknowledged need be lost.
void writer::put_back() {
    const std::string copy = wanted_.file.string() + ".put-back";
    const auto cannot = [this](const std::string& why) {
        return ledger_failure(
            "station-ledger-unwritable", "Writing the ledger", wanted_.file,
            "the file was deleted or moved away, or its -wal was, and cannot be put back: " + why);
    };
    try {
        roll_back();
        copy_to(copy);
        // A log that is there now is not the copy's, and would be taken for it.
        for (const char* ending : {"-wal", "-shm"}) std::filesystem::remove(wanted_.file.string() + ending);
        std::filesystem::rename(copy, wanted_.file);
        is_name_lasting_ = false;
        notice_ =
            "The ledger file was deleted or moved away while it was in use, or its -wal was; it was put "
            "back, complete";
        rows_.close();
        reopen();
        sync_directory_of(wanted_.file);
        is_name_lasting_ = true;
    } catch (const SQLite::Exception& error) {
        throw cannot(error.what());
    } catch (const std::filesystem::filesystem_error& error) {
        throw cannot(error.code().message());
    }
}

/// Our handles are the only good ledger until the copy is known to be another.
void writer::copy_to(const std::filesystem::path& copy) {
    std::filesystem::remove(copy);
    SQLite::Database target(copy.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    copy_all(rows_.database(), target);
    head_put_back_ = head_in(rows_.database());
    if (head_in(target) != head_put_back_) throw SQLite::Exception("the copy is not whole", SQLITE_ERROR);
    std::filesystem::permissions(copy, std::filesystem::perms{0640});
}

namespace {

class range_exhausted : public impossible_event {
  public:
    range_exhausted(std::string of, const std::string& why) : impossible_event(why), order(std::move(of)) {}
    std::string order;
};

}  // namespace

void writer::begin_reading() {
    if (reading_) return;
    check_file();
    rows_.prepared("BEGIN").run();
    reading_ = true;
    // Changes when another connection has written.
    const auto version = [this] {
        auto& row = rows_.prepared("PRAGMA data_version");
        const resetting after(row);
        row.step();
        return row.integer(0);
    };
    try {
        if (const auto now = version(); std::exchange(seen_version_, now) != now) books_.forget_recent();
    } catch (const SQLite::Exception&) {
        books_.forget_recent();
        throw;
    }
}

void writer::end_reading() noexcept {
    if (!std::exchange(reading_, false)) return;
    try {
        rows_.prepared("COMMIT").run();
    } catch (const SQLite::Exception&) {
        roll_back();
    }
}

std::exception_ptr writer::write(std::span<accepted> group, const late_events& more) {
    return write(groups{group}, more);
}

std::exception_ptr writer::write(groups all, const late_events& more) {
    std::exception_ptr trouble;
    std::exception_ptr impossible;
    const auto first = [&all]() -> const event& { return all.front().front().what; };
    const auto doing = [&first] { return "Recording " + std::string(kind_of(first())); };
    try {
        check_file();
        write_together(all, more);
        return nullptr;
    } catch (const SQLite::Exception& error) {
        if ((error.getErrorCode() & 0xff) == SQLITE_CONSTRAINT)
            impossible = std::make_exception_ptr(
                ledger_failure("station-internal", doing(), wanted_.file, error.what()));
        else
            trouble = std::make_exception_ptr(ledger_failure_from(error, "Writing the ledger", wanted_.file));
    } catch (const range_exhausted& error) {
        impossible = std::make_exception_ptr(
            failure("order-range-exhausted", "Handing out a serial number", error.order, error.what()));
    } catch (const impossible_event& error) {
        impossible = std::make_exception_ptr(
            failure("station-internal", doing(), "attempt " + attempt_of(first()).text(), error.what()));
    } catch (...) {
        trouble = std::current_exception();
    }
    roll_back();
    const auto all_failed = [](const groups& which, const std::exception_ptr& why) {
        for (const auto part : which)
            for (auto& each : part) {
                each.done = {};
                each.error = why;
            }
    };
    all_failed(all, trouble ? trouble : impossible);
    if (trouble || (all.size() == 1 && all[0].size() == 1)) return trouble;
    // One of them cannot be: halves find it, and the others are written. In their order: when the disk fails
    // meanwhile, what comes after waits too, and for the same reason.
    if (all.size() == 1) {
        const auto whole = all[0];
        all = {whole.first(whole.size() / 2), whole.subspan(whole.size() / 2)};
    }
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
    for (const auto& half : {groups(all.begin(), middle), groups(middle, all.end())}) {
        all_failed(half, trouble);
        if (!trouble) trouble = write(half, {});
    }
    return trouble;
}

void writer::write_together(groups& all, const late_events& more) {
    transcripts_.clear();
    rows_.prepared("BEGIN IMMEDIATE").run();
    read_head();
    for (std::size_t next = 0; next < all.size(); ++next) {
        for (auto& one : all[next]) write_one(one);
        if (next + 1 < all.size() || !more) continue;
        all.emplace_back();  // first: without memory for it, what `more` answers would be in no group
        if (all.back() = more(); all.back().empty()) all.pop_back();
    }
    books_.write();
    keep_transcripts();
    rows_.prepared("UPDATE head SET seq = ?1, hash = ?2 WHERE one = 1")
        .bind(1, head_seq_)
        .bind_blob(2, bytes_of(head_hash_))
        .run();
    rows_.prepared("COMMIT").run();
    books_.forget_ended();
}

void writer::write_one(accepted& next) {
    if (next.payload.empty()) prepare(next);
    place at;
    at.seq = head_seq_ + 1;
    at.station = station_;
    at.recorded_at = to_rfc3339(next.at);
    at.clock_synchronised = next.clock_synchronised;
    if (std::holds_alternative<attempt_started>(next.what))
        at.attempt = at.seq;
    else if (!attempt_of(next.what).empty())
        at.attempt = books_.attempt_number(attempt_of(next.what).text());

    auto* imported = std::get_if<order_serials_imported>(&next.what);
    const auto serials =
        imported == nullptr ? std::vector<std::string>{} : new_serials(*imported, next.serials);
    auto* assigned = std::get_if<serial_assigned>(&next.what);
    if (assigned != nullptr) assigned->serial = next_serial(assigned->order);
    if (imported != nullptr || assigned != nullptr) next.payload = payload_of(next.what);
    if (!next.transcript.empty() && std::holds_alternative<attempt_finished>(next.what))
        transcripts_.push_back({at.attempt, at.recorded_at, next.transcript});
    const auto kind = kind_of(next.what);
    const auto hash = hasher_({bytes_of(head_hash_), at.seq, wanted_.station, at.recorded_at,
                               at.clock_synchronised, kind, at.attempt, next.payload});
    auto& row = rows_.prepared("INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    row.bind(1, at.seq)
        .bind(2, station_)
        .bind(3, at.recorded_at)
        .bind(4, std::int64_t{at.clock_synchronised});
    row.bind(5, kind).bind_number(6, at.attempt).bind(7, next.payload);
    row.bind_blob(8, bytes_of(head_hash_)).bind_blob(9, bytes_of(hash)).run();

    refuse_second_answer(next.what, books_);
    apply(at, next.what, books_);
    const auto* made = std::get_if<issued>(&next.what);
    if (made != nullptr && !made->ownership_token.empty()) books_.keep_token(at.seq, *made, at.recorded_at);
    if (imported != nullptr) import(at.seq, imported->order, serials);
    head_seq_ = at.seq;
    head_hash_ = hash;
    next.done = {at.seq, to_hex(bytes_of(hash))};
    if (assigned != nullptr) next.done.serial = assigned->serial;
}

/// Together with the event that says so: a number whose transaction came to nothing was never handed out. One
/// that a board has already, from another order or source, is passed over.
serial_number writer::next_serial(const order_name& order) {
    const auto* of = books_.order(order.text());
    if (of == nullptr || !of->closed_at.empty()) throw impossible_event("its order is not open");
    const auto range = serial_range::between(of->first_serial, of->last_serial);
    if (!range) throw impossible_event("its order has no range of serial numbers");
    const auto next = range->free_after(of->last_assigned,
                                        [this](const auto& serial) { return books_.serial_known(serial); });
    if (!next)
        throw range_exhausted("order " + order.text(),
                              "its last serial number, " + range->last() + ", is given away");
    return serial_number{*next};
}

std::vector<std::string> writer::new_serials(order_serials_imported& what, std::vector<std::string> brought) {
    std::sort(brought.begin(), brought.end());
    brought.erase(std::unique(brought.begin(), brought.end()), brought.end());
    auto& row = rows_.prepared("SELECT 1 FROM order_serial WHERE work_order = ?1 AND serial = ?2");
    std::erase_if(brought, [&row, &what](const std::string& serial) {
        const resetting after(row);
        row.bind(1, what.order.text()).bind(2, serial);
        return serial.empty() || row.step();
    });
    std::string list;
    for (const auto& serial : brought) list.append(serial) += '\n';
    what.count = static_cast<std::int64_t>(brought.size());
    what.list_sha256 = sha256_hex(list);
    return brought;
}

void writer::import(std::int64_t seq, const order_name& order, const std::vector<std::string>& serials) {
    auto& row = rows_.prepared("INSERT INTO order_serial (work_order, serial, import) VALUES (?1, ?2, ?3)");
    for (const auto& serial : serials) row.bind(1, order.text()).bind(2, serial).bind(3, seq).run();
}

/// Once their attempts have rows, to which they refer.
void writer::keep_transcripts() {
    auto& row = rows_.prepared("INSERT INTO transcript (attempt, stored_at, text) VALUES (?1, ?2, ?3)");
    for (const auto& one : transcripts_)
        row.bind(1, one.attempt).bind(2, one.stored_at).bind(3, one.text).run();
}

void writer::open_key() {
    if (can_sign() && !key_)
        key_.emplace(wanted_.key_directory, wanted_.station,
                     std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
}

checkpoint writer::sign_head(utc_time now) {
    if (!can_sign())
        throw failure("station-configuration", "Signing the ledger's head", wanted_.file.string(),
                      "the station has no key");
    open_key();
    try {
        check_file();
        rows_.prepared("BEGIN IMMEDIATE").run();
        read_head();
        if (head_seq_ == 0)
            throw ledger_failure("station-ledger-missing", "Signing the ledger's head", wanted_.file,
                                 "nothing is recorded yet");
        if (const auto last = checkpoints(1); !last.empty() && last.front().seq == head_seq_) {
            rows_.prepared("ROLLBACK").run();
            return last.front();
        }
        auto made = fleetline::ledger::make_checkpoint(wanted_.station, head_seq_,
                                                       to_hex(bytes_of(head_hash_)), now, *key_);
        rows_.prepared("INSERT OR IGNORE INTO signer (certificate_sha256, certificate_pem) VALUES (?1, ?2)")
            .bind(1, key_->certificate_sha256())
            .bind(2, key_->certificate_pem())
            .run();
        rows_
            .prepared(
                "INSERT INTO checkpoint (seq, station, hash, made_at, signer, signature) VALUES (?1, ?2, ?3, "
                "?4, ?5, ?6)")
            .bind(1, made.seq)
            .bind(2, station_)
            .bind_blob(3, bytes_of(head_hash_))
            .bind(4, made.made_at)
            .bind(5, made.signer)
            .bind(6, made.signature)
            .run();
        rows_.prepared("COMMIT").run();
        signed_seq_ = made.seq;
        return made;
    } catch (const SQLite::Exception& error) {
        roll_back();
        throw ledger_failure_from(error, "Signing the ledger's head", wanted_.file);
    } catch (...) {
        roll_back();
        throw;
    }
}

std::vector<checkpoint> writer::checkpoints(int most) {
    auto& row = rows_.prepared(
        "SELECT station.name, seq, hash, made_at, signer, signature FROM checkpoint JOIN station ON "
        "station.number = checkpoint.station ORDER BY seq DESC LIMIT ?1");
    const resetting after(row);
    row.bind(1, std::int64_t{most});
    std::vector<checkpoint> found;
    while (row.step())
        found.push_back(
            {row.text(0), row.integer(1), to_hex(row.view(2)), row.text(3), row.text(4), row.text(5)});
    std::reverse(found.begin(), found.end());
    return found;
}

bool writer::drop_some_transcripts(utc_time before) {
    constexpr std::int64_t rows_of_a_step = 200;
    check_file();
    auto& row = rows_.prepared(
        "SELECT t.stored_at, t.attempt, a.outcome = 'passed' FROM transcript AS t JOIN attempt AS a ON "
        "a.number = t.attempt WHERE (t.stored_at, t.attempt) > (?1, ?2) AND t.stored_at < ?3 ORDER BY "
        "t.stored_at, t.attempt LIMIT ?4");
    std::vector<std::int64_t> passed;
    std::int64_t seen = 0;
    {
        const resetting after(row);
        const auto from = looked_at_;
        const auto until = to_rfc3339(before);
        row.bind(1, from.first).bind(2, from.second).bind(3, until).bind(4, rows_of_a_step);
        for (; row.step(); ++seen) {
            looked_at_ = {row.text(0), row.integer(1)};
            if (row.integer(2) != 0) passed.push_back(row.integer(1));
        }
    }
    drop_transcripts_of(passed);
    const bool more = seen == rows_of_a_step;
    if (!more) looked_at_ = {"0", 0};
    return more;
}

void writer::drop_transcripts_of(const std::vector<std::int64_t>& attempts) {
    if (attempts.empty()) return;
    try {
        rows_.prepared("BEGIN IMMEDIATE").run();
        for (const auto attempt : attempts)
            rows_.prepared("DELETE FROM transcript WHERE attempt = ?1").bind(1, attempt).run();
        rows_.prepared("COMMIT").run();
    } catch (...) {
        looked_at_ = {"0", 0};
        roll_back();
        throw;
    }
}

void writer::probe() {
    try {
        check_file();
        rows_.prepared("BEGIN IMMEDIATE").run();
        rows_.prepared("UPDATE head SET seq = seq WHERE one = 1").run();
        rows_.prepared("COMMIT").run();
    } catch (const SQLite::Exception& error) {
        roll_back();
        throw ledger_failure_from(error, "Writing the ledger", wanted_.file);
    }
}

void writer::roll_back() noexcept {
    try {
        if (rows_.is_open() && sqlite3_get_autocommit(rows_.database().getHandle()) == 0)
            rows_.prepared("ROLLBACK").run();
    } catch (const SQLite::Exception&) {
        // SQLite has rolled back by itself
    }
    books_.forget();
    head_seq_ = -1;
}

}  // namespace fleetline::ledger
