// SPDX-License-Identifier: Apache-2.0
// What people, boards, network and machine do in a run, one thing after another.
#include <algorithm>
#include <utility>

#include "world.hpp"

namespace fleetline::simulation {

void world::act() {
    if (!life_) return;
    const std::vector<std::pair<int, void (world::*)()>> possible{{8, &world::plug_one},
                                                                  {day_.unplugs, &world::unplug_one},
                                                                  {day_.retries, &world::retry_one},
                                                                  {day_.reworks, &world::rework_one},
                                                                  {day_.orders, &world::change_orders},
                                                                  {day_.wipes, &world::wipe_one},
                                                                  {day_.stops, &world::stop_station},
                                                                  {day_.disk_faults, &world::break_disk},
                                                                  {day_.link_cuts, nullptr}};
    int sum = 0;
    for (const auto& one : possible) sum += one.first;
    auto at = chance_.below(sum);
    for (const auto& [weight, what] : possible) {
        at -= weight;
        if (at >= 0) continue;
        if (what == nullptr)
            cloud_.cut_link(chance_.skewed(milliseconds{100'000}));
        else
            (this->*what)();
        return;
    }
}

void world::plug_one() {
    std::vector<std::shared_ptr<flash>> idle;
    for (const auto& one : boards_)
        if (one->slot.empty()) idle.push_back(one);
    const auto slot = free_slot();
    if (!idle.empty() && !slot.empty()) plug(chance_.one_of(idle), slot);
}

void world::unplug_one() {
    std::vector<std::shared_ptr<flash>> there;
    for (const auto& one : boards_)
        if (!one->slot.empty()) there.push_back(one);
    if (!there.empty()) unplug(*chance_.one_of(there));
}

void world::retry_one() {
    retry(slot_name{"A" + std::to_string(1 + chance_.below(day_.slots))});
}

void world::retry(const slot_name& slot) {
    try {
        life_->here().retry(slot);
        story_.tell("retry in " + slot.text());
    } catch (const failure&) {
        // nothing there, or busy
    }
}

/// Whoever waits for a seat in the order tries again when another board is nearly done.
void world::retry_others() {
    if (day_.hears_late == milliseconds{0} || calm_) return;
    time_.after(milliseconds{0}, agenda::owner::world, [this] {
        if (!life_) return;
        for (const auto& slot : life_->here().status().slots)
            if (slot.failure_code == "order-quota-reached") retry(slot.slot);
    });
}

void world::rework_one() {
    const auto& board = *chance_.one_of(boards_);
    story_.tell("rework of " + board.serial);
    life_->append(ledger::rework_authorised{serial_number{board.serial}, "as the seed has it", "Lin"});
}

/// The order that is open is closed, or another one opened: with a quota, a list, or without.
void world::change_orders() {
    if (!orders_.empty() && chance_.chance(300)) {
        const auto name = orders_.rbegin()->first;
        story_.tell("order " + name + " is closed");
        life_->append(ledger::order_closed{order_name{name}, "Lin"});
        return;
    }
    const auto name = "WO-" + std::to_string(orders_.size() + 1);
    order_model model;
    if (chance_.chance(400)) model.quota = 1 + chance_.below((day_.boards + 1) / 2);
    model.allow_list = chance_.chance(400);
    std::vector<serial_number> serials;
    for (const auto& board : boards_)
        if (model.allow_list && chance_.chance(600)) serials.emplace_back(board->serial);
    for (const auto& serial : serials) model.serials.insert(serial.text());
    story_.tell("order " + name + " is opened");
    for (const auto& [other, known] : orders_) life_->append(ledger::order_closed{order_name{other}, "Lin"});
    orders_[name] = model;
    life_->append(
        ledger::order_opened{order_name{name}, product_name{"widget"}, model.quota, "Lin", model.allow_list});
    if (model.allow_list) life_->import(name, serials);
}

/// A board on the table loses all it holds.
void world::wipe_one() {
    auto& board = *chance_.one_of(boards_);
    if (!board.slot.empty()) return;
    story_.tell(board.name + " is wiped");
    board.public_key.clear();
    board.certificate.clear();
    board.thing.clear();
    board.wiped = true;
}

void world::stop_station() {
    story_.tell("the station is asked to stop");
    life_->here().stop();
}

void world::break_disk() {
    const auto call = chance_.below(std::int64_t{1} << chance_.below(9));
    const auto times = 1 + static_cast<int>(chance_.below(chance_.chance(200) ? 200 : 3));
    const auto kind = chance_.below(4);
    const auto what = kind == 0   ? test::fault::short_write
                      : kind == 1 ? test::fault::failed_sync
                      : kind == 2 ? test::fault::failed_read
                                  : test::fault::power_cut;
    story_.tell("the disk fails: " + std::to_string(kind) + " at call " + std::to_string(call) + ", " +
                std::to_string(times) + " times");
    disk_.set(what, call, times);
}

}  // namespace fleetline::simulation
