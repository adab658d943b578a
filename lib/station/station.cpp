// SPDX-License-Identifier: Apache-2.0
#include "station/station.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <list>
#include <stdexcept>
#include <utility>

#include "core/encoding.hpp"
#include "core/within.hpp"
#include "station/texts.hpp"

namespace fleetline::station {

namespace asio = boost::asio;

namespace {

constexpr milliseconds label_life{120'000};  ///< of a label that was read before its board came

const product_settings& product_of(const station_settings& settings, const slot_settings& slot) {
    const auto found = std::find_if(settings.products.begin(), settings.products.end(),
                                    [&slot](const auto& product) { return product.name == slot.product; });
    if (found == settings.products.end())
        throw std::invalid_argument("no product for slot " + slot.name.text());
    return *found;
}

}  // namespace

station::station(station_settings settings, ledger::ledger& book, issuer& cloud, time_source& time,
                 const logger& log, asio::any_io_executor executor)
    : settings_(std::move(settings)),
      book_(book),
      cloud_(cloud),
      time_(time),
      log_(log),
      executor_(executor),
      gate_(book, executor),
      stopping_(executor),
      seats_(settings_.seating_file, log),
      staff_(settings_.operator_name, settings_.duty_file, time, log),
      shop_{settings_, book_, cloud_, gate_, time_, stopping_, seats_, staff_},
      started_at_(time.utc_now()) {
    shop_.number_given = [this] { return refresh_orders(); };
    for (const auto& one : settings_.slots) {
        slots_.push_back(std::make_unique<slot>(one, product_of(settings_, one), shop_, log_, executor_,
                                                [this] { changed_(); }));
        slots_.back()->on_outcome = [this](const slot_status& ended) { return count(ended); };
    }
}

station::~station() = default;

slot* station::find(const slot_name& name) {
    const auto found = std::find_if(slots_.begin(), slots_.end(),
                                    [&name](const auto& one) { return one->status().slot == name; });
    return found != slots_.end() ? found->get() : nullptr;
}

void station::plugged(const slot_name& where, plug what) {
    if (slot* place = find(where)) {
        place->plugged(std::move(what));
        return hand_over_kept(*place);
    }
    log_.warning("A board was plugged into a slot that is not configured", {{"SLOT", where.text()}});
}

void station::unplugged(const slot_name& where) {
    if (slot* place = find(where)) place->unplugged();
}

void station::retry(const slot_name& where) {
    slot* place = find(where);
    if (place == nullptr)
        throw failure("station-slot-unknown", "Trying again", "slot " + where.text(),
                      "there is no such slot");
    if (!place->retry())
        throw failure("station-slot-busy", "Trying again", "slot " + where.text(),
                      "there is no board, or it is being worked on");
}

slot* station::waiting_for(const serial_number& label) const {
    std::vector<slot*> waiting;
    for (const auto& one : slots_)
        if (one->awaits_label()) waiting.push_back(one.get());
    const auto same = [&label](const slot* one) { return one->usb_serial() == label.text(); };
    if (std::count_if(waiting.begin(), waiting.end(), same) == 1)
        return *std::find_if(waiting.begin(), waiting.end(), same);
    if (waiting.size() > 1) {
        std::string names;
        for (const slot* one : waiting) names += (names.empty() ? "" : ", ") + one->status().slot.text();
        throw failure("order-scan-ambiguous", "Taking a label", "serial " + printable(label.text(), 64),
                      "the boards in " + names + " wait for theirs");
    }
    if (waiting.size() == 1) return waiting.front();
    // Where a label was refused the right one is awaited; unless labels may be read ahead of their boards.
    for (const auto& one : slots_)
        if (one->label_refused()) waiting.push_back(one.get());
    const bool ahead =
        std::any_of(slots_.begin(), slots_.end(), [](const auto& one) { return one->takes_early(); });
    return waiting.size() == 1 && !ahead ? waiting.front() : nullptr;
}

slot_name station::scan(const serial_number& label, const slot_name& where) {
    slot* place = find(where);
    if (!where.empty() && place == nullptr)
        throw failure("station-slot-unknown", "Taking a label", "slot " + printable(where.text(), 64),
                      "there is no such slot");
    // Scanners read a label twice now and then. Said to be another slot's, it is a label that two boards
    // have: that slot's board is then refused.
    for (const auto& one : slots_)
        if ((where.empty() || one.get() == place) && one->has(label) && !one->label_refused())
            return one->status().slot;
    if (where.empty()) place = waiting_for(label);
    if (place != nullptr && place->take_label(label)) return place->status().slot;
    return keep(label, where);
}

slot_name station::keep(const serial_number& label, const slot_name& where) {
    const bool wanted = std::any_of(slots_.begin(), slots_.end(), [&where](const auto& one) {
        return one->takes_early() && (where.empty() || one->status().slot == where);
    });
    if (!wanted)
        throw failure("order-scan-unexpected", "Taking a label", "serial " + printable(label.text(), 64),
                      where.empty() ? std::string("no slot waits for a label")
                                    : "slot " + where.text() + " does not wait for a label");
    kept_[where] = {label, time_.now()};
    return where;
}

void station::hand_over_kept(slot& to) {
    if (!to.awaits_label()) return;
    for (const auto& name : {to.status().slot, slot_name{}}) {
        const auto found = kept_.find(name);
        if (found == kept_.end()) continue;
        const kept_label kept = found->second;
        kept_.erase(found);
        if (time_.now() - kept.at > label_life) continue;
        to.take_label(kept.label);
        return;
    }
}

asio::awaitable<void> station::sign_on(std::string name) {
    co_await staff_.sign_on(std::move(name));
    changed_();
}

asio::awaitable<void> station::run() {
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await begin();
    co_await run_slots();
    ledger::station_stopped stopped;
    stopped.why = "asked to stop";
    co_await book_.append(std::move(stopped));
}

asio::awaitable<void> station::begin() {
    ledger::station_started started;
    started.version = settings_.version;
    started.configuration_sha256 = settings_.configuration_sha256;
    co_await book_.append(std::move(started));
    for (const auto& left : co_await book_.open_attempts()) {
        ledger::attempt_finished abandoned;
        abandoned.attempt = left.attempt;
        abandoned.outcome = "abandoned";
        abandoned.failure_code = "station-interrupted";
        abandoned.failure_text = "the station stopped without warning";
        co_await book_.append(std::move(abandoned));
        log_.warning(
            "An attempt that was cut off is recorded as abandoned",
            {{"SLOT", left.slot.text()}, {"SERIAL", left.serial.text()}, {"ATTEMPT", left.attempt.text()}});
    }
    co_await refresh_orders();
}

asio::awaitable<void> station::run_slots() {
    signal all_ended(executor_);
    std::list<asio::cancellation_signal> cut_off;
    std::size_t running = slots_.size();
    std::exception_ptr trouble;
    if (running == 0) all_ended.set();
    for (const auto& one : slots_) {
        auto ended = [this, &running, &all_ended, &trouble](const std::exception_ptr& why) {
            if (why && !trouble) trouble = why;
            if (why) stop();
            if (--running == 0) all_ended.set();
        };
        cut_off.emplace_back();
        asio::co_spawn(executor_, one->run(),
                       asio::bind_cancellation_slot(cut_off.back().slot(), std::move(ended)));
    }
    co_await stopping_.wait();
    if (!co_await within(time_, settings_.stop_grace, all_ended.wait())) {
        log_.warning("Attempts under way are cut off; they go on when their boards are plugged again");
        for (auto& one : cut_off) one.emit(asio::cancellation_type::terminal);
        co_await all_ended.wait();
    }
    if (trouble) std::rethrow_exception(trouble);
}

void station::stop() {
    if (stopping_.is_set()) return;
    const auto busy = std::count_if(slots_.begin(), slots_.end(), [](const auto& one) {
        return one->status().state == slot_state::working ||
               one->status().state == slot_state::waiting_for_cloud;
    });
    log_.info("Stopping: " + std::to_string(busy) + " attempts under way reach a safe point first");
    stopping_.set();
    changed_();
}

station_status station::status() const {
    station_status now;
    now.station = settings_.id;
    now.operator_name = staff_.name();
    now.operator_since = staff_.since();
    now.started_at = started_at_;
    now.stopping = stopping_.is_set();
    now.cloud = cloud_.status();
    now.ledger_writable = book_.writable();
    now.ledger_trouble = book_.trouble();
    for (const auto& one : slots_) now.slots.push_back(one->status());
    now.orders = orders_;
    now.outcomes = outcomes_;
    now.failure_codes = failure_codes_;
    return now;
}

asio::awaitable<void> station::count(const slot_status& ended) {
    ++outcomes_[std::string(to_text(ended.state))];
    if (!ended.failure_code.empty()) ++failure_codes_[ended.failure_code];
    changed_();
    if (ended.state == slot_state::passed) co_await refresh_orders();
}

asio::awaitable<void> station::refresh_orders() {
    std::vector<order_status> open;
    for (const auto& product : settings_.products) {
        auto found = co_await settle(book_.open_order(product.name));
        if (!found.value) co_return;  // the ledger is in trouble, and says so; what was known stays shown
        const auto& order = *found.value;
        if (order)
            open.push_back({order->order, order->product, order->quota, order->passed, order->first_serial,
                            order->last_serial, order->next_serial});
    }
    orders_ = std::move(open);
    changed_();
}

void station::certificate_unaccounted(std::string certificate_pem, std::string id, attempt_id attempt,
                                      std::string why) {
    log_.warning("A certificate that no board holds: " + why,
                 {{"CERTIFICATE", id}, {"ATTEMPT", attempt.text()}});
    ledger::certificate_set_aside event;
    event.certificate = certificate_id{std::move(id)};
    event.state = "unaccounted";
    event.why = std::move(why);
    event.attempt = std::move(attempt);
    event.certificate_pem = std::move(certificate_pem);
    book_.append_later(std::move(event));
}

void station::registration_unaccounted(std::string thing, attempt_id attempt, std::string why) {
    log_.warning("A registration that no board waits for: " + why,
                 {{"THING", thing}, {"ATTEMPT", attempt.text()}});
    ledger::registration_unaccounted event;
    event.attempt = std::move(attempt);
    event.thing = thing_name{std::move(thing)};
    event.why = std::move(why);
    book_.append_later(std::move(event));
}

void station::status_changed(const issuer_status& status) {
    // The session logs its own ups and downs; here they only show.
    for (const auto& one : slots_) one->cloud_is(status.connected);
    changed_();
}

}  // namespace fleetline::station
