// SPDX-License-Identifier: Apache-2.0
#include "world.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>
#include <utility>

#include "checks.hpp"
#include "ledger/connection.hpp"
#include "ledger/reader.hpp"
#include "randomness.hpp"

namespace fleetline::simulation {

namespace {

constexpr milliseconds between_lives{1};             ///< so that no event of one has the time of the other
constexpr milliseconds until_all_is_quiet{180'000};  ///< late answers are in, or forgotten
constexpr milliseconds long_enough{900'000};

/// Most days begin with the ledger of a station that was started before and killed at once: to make one costs
/// as much as some boards, and nothing goes wrong meanwhile.
const test::faulty_disk& disk_with_ledger() {
    static const auto made = [] {
        auto disk = std::make_unique<test::faulty_disk>();
        ledger::connection_options how;
        how.create = true;
        how.vfs = disk->name();
        const ledger::connection book("/ledger.db", how);
        disk->power_cut_now();
        return disk;
    }();
    return *made;
}

/// One thread: SQLite need not lock, nor count what it holds.
void make_sqlite_quick() {
    static const bool once = sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK &&
                             sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;
    if (!once) throw std::logic_error("SQLite was in use before");
}

profile seeded(std::uint64_t seed, dice& chance) {
    make_sqlite_quick();
    seed_openssl(seed);
    return profile_of(chance);
}

}  // namespace

world::world(std::uint64_t seed)
    : chance_(seed),
      day_(seeded(seed, chance_)),
      time_(chance_),
      story_(time_),
      witness_(time_, story_),
      keys_(chance_),
      cloud_(day_, chance_, time_, keys_, story_),
      around_{day_,
              chance_,
              time_,
              story_,
              witness_,
              cloud_,
              disk_.name(),
              [this](const station::slot_status& slot) { check_pass(slot); },
              [this] { retry_others(); }},
      bench_{day_, chance_, time_, story_, witness_, keys_, true, {}, {}, {}} {
    bench_.attempt_in = [this](const std::string& slot) { return life_->slot(slot).attempt.text(); };
    bench_.on_delivery = [this](const flash& board, const std::string& id) { check_delivery(board, id); };
    if (!chance_.chance(50)) disk_.take_files_of(disk_with_ledger());
    for (int number = 1; number <= day_.boards + day_.clones; ++number) {
        auto board = std::make_shared<flash>();
        const auto serial = "SN" + std::to_string(number > day_.boards ? 1 : number);
        board->name = number > day_.boards ? "clone of " + serial : serial;
        board->serial = serial;
        boards_.push_back(std::move(board));
    }
}

world::~world() {
    disk_.power_cut_now();
    life_.reset();
}

void world::run() {
    try {
        start();
        if (day_.order_required) change_orders();
        for (int number = 0; number < day_.acts; ++number) {
            pass(chance_.skewed(day_.pause));
            act();
        }
        settle();
        check();
    } catch (const std::exception& why) {
        story_.violation(std::string("I12: ") + why.what());
    }
}

// --- the station's lives -----------------------------------------------------------------------------------

void world::start() {
    while (!life_) {
        try {
            life_ = std::make_unique<life>(around_, ++lives_);
        } catch (const failure& why) {
            story_.tell(std::string("the station does not start: ") + why.what());
            if (calm_) throw;
            if (disk_.off()) disk_.power_on(static_cast<std::uint32_t>(chance_.any()));
            time_.drop_station();
            time_.go_on_to(time_.now() + milliseconds{1'000});
        }
    }
    story_.tell("the station starts");
    turns_left_ = -1;
    if (!calm_ && chance_.chance(day_.crashes))
        turns_left_ = chance_.below(std::int64_t{4} << chance_.below(10));
    for (const auto& board : boards_)
        if (!board->slot.empty()) plug(board, board->slot);
}

void world::crash(bool power_cut) {
    story_.tell(power_cut ? "the power is cut" : "the station is killed");
    disk_.power_cut_now();
    life_->kill();
    life_.reset();
    if (power_cut)
        disk_.power_on(static_cast<std::uint32_t>(chance_.any()));
    else
        disk_.program_starts_again();
    start_again();
}

void world::turn() {
    if (!life_) {
        time_.take();
        return;
    }
    if (turns_left_ == 0) return crash(chance_.chance(day_.power_cuts));
    if (life_->turn()) {
        if (turns_left_ > 0) --turns_left_;
    } else if (time_.next()) {  // of a station that has ended or has no power there may be nothing more to
                                // come
        time_.take();
    }
    if (!life_) return;
    if (disk_.off()) return crash(true);
    if (life_->ended()) end_life();
}

/// It was stopped, or could not go on; the ledger is closed as it should be, and it is started again.
void world::end_life() {
    const auto trouble = life_->trouble();
    story_.tell("the station ended: " + trouble);
    if (!trouble.empty()) life_->unwritten_is_lost();
    life_.reset();
    if (disk_.off()) disk_.power_on(static_cast<std::uint32_t>(chance_.any()));
    disk_.set(test::fault::none, 0);
    if (!closing_) start_again();
}

void world::start_again() {
    // At the end all that was seen is looked up; that the ledger can be read before a start, now and then.
    if (chance_.chance(250)) witness_.compare(ledger::reader("/ledger.db", disk_.name()));
    pass(between_lives + chance_.skewed(milliseconds{20'000}));
    start();
}

void world::pass(milliseconds time) {
    const auto end = time_.now() + time;
    for (;;) {
        if (life_ && turns_left_ != 0 && !life_->ended() && life_->turn()) {
            if (turns_left_ > 0) --turns_left_;
            if (disk_.off()) crash(true);
            continue;
        }
        if (life_ && (turns_left_ == 0 || life_->ended() || disk_.off())) {
            turn();
            continue;
        }
        const auto next = time_.next();
        if (!next || *next > end) break;
        time_.take();
    }
    time_.go_on_to(end);
}

bool world::until(const std::function<bool()>& holds, milliseconds within) {
    const auto end = time_.now() + within;
    while (!holds()) {
        if (time_.now() > end) return false;
        const bool idle = !life_ || (turns_left_ != 0 && !life_->ended() && !time_.next());
        if (idle && (!life_ || !life_->turn())) return holds();
        if (!idle) turn();
    }
    return true;
}

void world::plug(const std::shared_ptr<flash>& board, const std::string& slot) {
    board->slot = slot;
    story_.tell(board->name + " is plugged into " + slot);
    life_->here().plugged(slot_name{slot}, plug_of(bench_, board, slot));
}

void world::unplug(flash& board) {
    const auto slot = std::exchange(board.slot, {});
    story_.tell(board.name + " is unplugged from " + slot);
    life_->here().unplugged(slot_name{slot});
}

std::string world::free_slot() {
    std::vector<std::string> free;
    for (int number = 1; number <= day_.slots; ++number) {
        const auto name = "A" + std::to_string(number);
        const bool taken = std::any_of(boards_.begin(), boards_.end(),
                                       [&name](const auto& one) { return one->slot == name; });
        if (!taken) free.push_back(name);
    }
    return free.empty() ? std::string() : chance_.one_of(free);
}

// --- when all is well again --------------------------------------------------------------------------------

void world::settle() {
    story_.tell("all faults end");
    calm_ = true;
    turns_left_ = -1;
    bench_.faults = false;
    cloud_.end_faults();
    disk_.set(test::fault::none, 0);
    pass(until_all_is_quiet);
    for (const auto& board : boards_)
        if (!board->slot.empty()) unplug(*board);
    pass(until_all_is_quiet);
    // What could not be recorded as ended is so by the next start.
    const auto life = lives_;
    life_->here().stop();
    if (!until([this, life] { return life_ && lives_ > life; }, long_enough))
        return story_.violation("the station does not stop and start");
    pass(until_all_is_quiet);
    for (const auto& [name, model] : orders_) life_->append(ledger::order_closed{order_name{name}, "Lin"});
    life_->append(ledger::order_opened{order_name{"WO-last"}, product_name{"widget"}, 0, "Lin", false});
    pass(milliseconds{5'000});
    for (const auto& board : boards_)
        if (!brought_to_its_end(board)) return;
    closing_ = true;
    life_->here().stop();
    if (!until([this] { return !life_; }, long_enough)) story_.violation("the station does not stop");
    life_.reset();
}

/// A board that is plugged once more when nothing goes wrong passes, or has passed (invariant I5).
bool world::brought_to_its_end(const std::shared_ptr<flash>& board) {
    for (int tries = 0; tries < 2; ++tries) {
        const auto slot = free_slot();
        const auto earlier = life_->slot(slot).attempt;
        plug(board, slot);
        const bool ended = until(
            [&] {
                const auto now = life_->slot(slot);
                return now.attempt != earlier && now.duration.has_value();
            },
            long_enough);
        const auto shown = life_->slot(slot);
        unplug(*board);
        if (!ended) {
            story_.violation("I5: nothing comes of " + board->name);
            return false;
        }
        if (shown.state == station::slot_state::passed || shown.failure_code == "already-provisioned")
            return true;
        if (shown.failure_code == "order-retest-limit") {
            life_->append(ledger::rework_authorised{serial_number{board->serial}, "released", "Lin"});
            pass(milliseconds{5'000});
            continue;
        }
        story_.violation("I5: " + board->name + " ends " + std::string(to_text(shown.state)) + " " +
                         shown.failure_code + ": " + shown.failure_reason);
        return true;
    }
    story_.violation("I5: " + board->name + " was released and does not pass");
    return true;
}

/// Whatever answer the station took for that of the registration, the cloud has told it of none yet.
void world::check_delivery(const flash& board, const std::string& certificate) {
    const auto known = cloud_.certificates().find(certificate);
    if (known == cloud_.certificates().end() || !known->second.confirmed)
        story_.violation("I1: " + board.name + " is given " + short_id(certificate) +
                         ", which the cloud has not said to be registered");
}

/// Of the board that was worked on: while the outcome was written another, even a clone that says the same
/// serial, may have been put in its place.
void world::check_pass(const station::slot_status& slot) {
    const auto worked_on = bench_.worked_on.find(slot.attempt.text());
    if (worked_on == bench_.worked_on.end())
        return story_.violation("I1: " + slot.attempt.text() + " passed, and no board was spoken to");
    const auto& board = *worked_on->second;
    if (board.serial != slot.serial.text())
        story_.violation("I1: " + board.name + " passed as " + slot.serial.text());
    const auto known = cloud_.certificates().find(slot.certificate.text());
    if (known == cloud_.certificates().end() || !known->second.registered)
        return story_.violation("I1: " + board.name +
                                " passed with a certificate the cloud has not registered");
    if (board.wiped) return;
    if (board.certificate != slot.certificate.text() || board.public_key != known->second.public_key)
        story_.violation("I1: " + board.name + " passed, and holds another certificate or key");
    if (board.thing != known->second.thing || board.thing != slot.thing.text() ||
        known->second.serial != board.serial)
        story_.violation("I1: " + board.name + " passed as " + board.thing + ", its certificate is of " +
                         known->second.thing);
}

void world::check() {
    const ledger::reader book("/ledger.db", disk_.name());
    witness_.compare(book);
    std::map<std::string, std::string> held;
    for (const auto& board : boards_) held[board->certificate] = board->serial;
    check_books(book, cloud_.certificates(), held, orders_, witness_, story_);
}

}  // namespace fleetline::simulation
