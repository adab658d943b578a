// SPDX-License-Identifier: Apache-2.0
#include "ledger/verify.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <optional>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "ledger/book_rows.hpp"
#include "ledger/event_codec.hpp"

namespace fleetline::ledger {

namespace {

constexpr std::size_t most_problems = 100;

// Ranks: which of an event's problems is told first.
constexpr int missing = 0;
constexpr int changed = 1;
constexpr int followed = 2;
constexpr int impossible = 3;

sha256_digest digest_from(std::string_view bytes) {
    sha256_digest digest{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), digest.size()), digest.begin());
    return digest;
}

std::string event_named(std::int64_t seq) {
    return "event " + std::to_string(seq);
}

}  // namespace

void verifier::wrong(std::string what) {
    if (found_.problems.size() < most_problems) found_.problems.push_back(std::move(what));
}

void verifier::note(event_problems& among, std::int64_t seq, int rank, std::string what) {
    if (among.size() < most_problems) among.emplace(std::pair(seq, rank), std::move(what));
}

void verifier::report_events() {
    auto found = std::exchange(wrongly_chained_, {});
    found.merge(std::exchange(wrongly_applied_, {}));
    for (auto& [where, what] : found) {
        const auto& [seq, rank] = where;
        // That the next one follows another one than this says nothing where either was changed itself.
        if (rank == followed && (found.contains({seq, changed}) || found.contains({seq + 1, changed})))
            continue;
        wrong(std::move(what));
    }
}

verification verifier::run() {
    try {
        run_guarded();
    } catch (const SQLite::Exception& error) {
        report_events();
        wrong("the file is damaged after " + event_named(last_seq_) + ": " + error.what());
    }
    for (auto* each : {&rows_, &beside_}) each->database().tryExec("ROLLBACK");
    found_.head_hash = to_hex(bytes_of(last_hash_));
    return std::exchange(found_, {});
}

void verifier::run_guarded() {
    begin();
    books_.begin_checking(events_about());
    read_stations();
    check_events();
    report_events();
    check_head();
    auto schema = schema_problems();
    check_tables(schema.empty());
    for (auto& one : schema) wrong(std::move(one));
}

/// Indexes are told first: what the projections seem to hold is found with them.
void verifier::check_tables(bool indexes) {
    const bool alone = &beside_ == &rows_;
    std::optional<index_check> check;
    std::future<void> others;
    for (const auto& [number, what] : books_.differences()) wrong_rows_.push_back(what);
    if (indexes) check.emplace(rows_, secret_, events_by_attempt_);
    if (indexes && !alone) others = std::async(std::launch::async, [&] { check->work(beside_); });
    const auto before = std::ssize(found_.problems);
    std::exception_ptr damage;
    try {
        for (auto& one : std::exchange(wrong_rows_, {})) wrong(std::move(one));
        check_projections();
    } catch (const SQLite::Exception&) {
        damage = std::current_exception();
    }
    if (check) {
        check->work(rows_);
        if (others.valid()) others.get();
        auto told_later = std::vector(found_.problems.begin() + before, found_.problems.end());
        found_.problems.resize(static_cast<std::size_t>(before));
        for (auto& one : check->problems(rows_)) wrong(std::move(one));
        for (auto& one : told_later) wrong(std::move(one));
    }
    if (damage) std::rethrow_exception(damage);
}

/// Both look at the same moment: as long as nobody has committed anything between the two looks at the
/// version.
void verifier::begin() {
    constexpr int tries = 10'000;
    const auto version = [this] { return rows_.database().execAndGet("PRAGMA data_version").getInt64(); };
    const auto begin = [](connection& on) {
        on.database().exec("BEGIN");
        on.database().execAndGet(
            "SELECT count(*) FROM sqlite_schema");  // the moment is that of the first look
    };
    if (&beside_ == &rows_) return begin(rows_);
    for (int i = 0; i < tries; ++i) {
        const auto before = version();
        begin(beside_);
        begin(rows_);
        if (version() == before) return;
        for (auto* each : {&beside_, &rows_}) each->database().exec("ROLLBACK");
    }
    throw SQLite::Exception("somebody writes into it all the time", SQLITE_BUSY);
}

/// Where the last page is damaged, what stands before it is told first.
std::int64_t verifier::events_about() {
    constexpr std::int64_t some = 1'000'000;
    try {
        return rows_.database().execAndGet("SELECT max(seq) FROM event").getInt64();
    } catch (const SQLite::Exception&) {
        return some;
    }
}

void verifier::read_stations() {
    auto& row = rows_.prepared("SELECT number, name FROM station");
    const resetting after(row);
    while (row.step()) stations_[row.integer(0)] = row.text(1);
}

void verifier::check_events() {
    auto& row = rows_.prepared(
        "SELECT seq, station, recorded_at, clock_synchronised, kind, attempt, payload, previous_hash, hash "
        "FROM event "
        "ORDER BY seq");
    const resetting after(row);
    event_pipe under_way([this](const read_event& one) { apply_event(one); }, &beside_ != &rows_);
    try {
        while (row.step()) check_event(row, under_way);
    } catch (const SQLite::Exception&) {
        under_way.finish();  // what could be read is judged all the same
        throw;
    }
    under_way.finish();
}

void verifier::check_event(statement& row, event_pipe& events) {
    const std::int64_t seq = row.integer(0);
    const auto previous = row.view(7);
    check_link(seq, previous);
    if (const auto synchronised = row.integer(3); synchronised != 0 && synchronised != 1)
        note(wrongly_chained_, seq, changed,
             event_named(seq) + ": it was changed, its clock_synchronised is no truth");
    if (!stations_.contains(row.integer(1)))
        note(wrongly_chained_, seq, changed, event_named(seq) + ": its station is not recorded");
    read_event one;
    one.seq = seq;
    one.attempt = row.integer(5);
    one.station = row.integer(1);
    one.clock_synchronised = row.integer(3) != 0;
    one.recorded_at = row.view(2);
    one.kind = row.view(4);
    one.payload = row.view(6);
    one.previous_hash = previous;
    one.hash = row.view(8);
    if (events.is_behind()) one.hash_holds = hash_holds(one, hasher_);
    events.add(one);
    if (const auto attempt = one.attempt; attempt != 0) {
        events_by_attempt_.begin(seq);
        events_by_attempt_.number(attempt);
        events_by_attempt_.end();
    }
    last_seq_ = seq;
    last_hash_ = digest_from(one.hash);
    ++found_.events;
}

void verifier::check_link(std::int64_t seq, std::string_view previous_hash) {
    if (seq == last_seq_ + 2)
        note(wrongly_chained_, seq - 1, missing, event_named(seq - 1) + ": it is missing");
    else if (seq != last_seq_ + 1)
        note(wrongly_chained_, last_seq_ + 1, missing,
             "events " + std::to_string(last_seq_ + 1) + " to " + std::to_string(seq - 1) +
                 ": they are missing");
    else if (previous_hash != bytes_of(last_hash_) && last_seq_ == 0)
        note(wrongly_chained_, seq, missing, event_named(seq) + ": it does not begin a chain");
    else if (previous_hash != bytes_of(last_hash_))
        note(wrongly_chained_, last_seq_, followed,
             event_named(last_seq_) + ": it was replaced, " + event_named(seq) + " follows another one");
}

bool verifier::hash_holds(const read_event& what, chain_hasher& with) const {
    const auto station = stations_.find(what.station);
    const std::string_view name = station == stations_.end() ? std::string_view() : station->second;
    const auto hash = with({what.previous_hash, what.seq, name, what.recorded_at, what.clock_synchronised,
                            what.kind, what.attempt, what.payload});
    return bytes_of(hash) == what.hash;
}

void verifier::apply_event(const read_event& one) {
    const auto seq = one.seq;
    if (!(one.hash_holds ? *one.hash_holds : hash_holds(one, other_hasher_)))
        note(wrongly_applied_, seq, changed,
             event_named(seq) + ": it was changed, its content does not have its hash");
    books_.set_horizon(seq);
    const auto what = event_from(one.kind, one.payload, true);
    if (!what) return note(wrongly_applied_, seq, impossible, event_named(seq) + ": " + what.why_not());
    place_.seq = seq;
    place_.attempt = one.attempt;
    place_.station = one.station;
    place_.recorded_at = one.recorded_at;
    place_.clock_synchronised = one.clock_synchronised;
    try {
        apply(place_, *what, books_);
    } catch (const impossible_event& why) {
        note(wrongly_applied_, seq, impossible,
             event_named(seq) + " (" + std::string(kind_of(*what)) + "): it cannot have happened, " +
                 why.what());
    }
    const bool ends = std::holds_alternative<attempt_finished>(*what);
    if (ends || place_.attempt == 0 || std::holds_alternative<certificate_set_aside>(*what))
        books_.settle(place_.attempt);
    if (std::holds_alternative<rework_authorised>(*what)) check_reworks();
    if (const auto* ended = std::get_if<attempt_finished>(&*what)) check_transcript(seq, one.attempt, *ended);
    if (std::holds_alternative<order_serials_imported>(*what)) imports_.push_back(seq);
}

void verifier::check_reworks() {
    static const std::string sql = "SELECT " + std::string(rework_columns) + " FROM rework WHERE number = ?1";
    for (const auto& expected : books_.take_reworks()) {
        ++reworks_;
        auto& row = beside_.prepared(sql.c_str());
        const resetting after(row);
        row.bind(1, expected.number);
        if (!row.step() || !(rework_from(row) == expected))
            wrong_rows_.push_back("rework " + std::to_string(expected.number) +
                                  ": its row is not what its event says");
    }
}

/// One that is gone was dropped when its time was up, if its attempt passed; no other is ever dropped.
void verifier::check_transcript(std::int64_t seq, std::int64_t attempt, const attempt_finished& ended) {
    digests_begun_ = digests_begun_ || !ended.transcript_sha256.empty();
    if (!digests_begun_ || wrong_rows_.size() >= most_problems) return;
    auto& row = beside_.prepared("SELECT text FROM transcript WHERE attempt = ?1");
    const resetting after(row);
    row.bind(1, attempt);
    const std::string name = "transcript " + std::to_string(attempt) + ": it is ";
    if (ended.transcript_sha256.empty()) {
        // (Of one that was abandoned an older version may have kept it before it died.)
        if (ended.outcome != "abandoned" && row.step())
            wrong_rows_.push_back(name + "there, and " + event_named(seq) + " knows of none");
    } else if (!row.step()) {
        if (ended.outcome != "passed")
            wrong_rows_.push_back(name + "missing, and only those of passed attempts are dropped");
    } else if (sha256_hex(row.view(0)) != ended.transcript_sha256) {
        wrong_rows_.push_back(name + "not the one that " + event_named(seq) + " says was kept");
    }
}

void verifier::check_head() {
    auto& row = rows_.prepared("SELECT seq, hash FROM head WHERE one = 1");
    const resetting after(row);
    if (!row.step()) return wrong("the head: its row is missing");
    const std::int64_t seq = row.integer(0);
    if (seq == last_seq_ + 1)
        wrong(event_named(seq) + ": it is missing, the ledger was cut short");
    else if (seq > last_seq_)
        wrong("events " + std::to_string(last_seq_ + 1) + " to " + std::to_string(seq) +
              ": they are missing, the ledger was cut short");
    else if (seq < last_seq_)
        wrong("events " + std::to_string(seq + 1) + " to " + std::to_string(last_seq_) +
              ": they were added behind the head");
    else if (row.view(1) != bytes_of(last_hash_))
        wrong(event_named(seq) + ": it is not the one the head names");
}

}  // namespace fleetline::ledger
