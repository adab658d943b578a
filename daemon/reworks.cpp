// SPDX-License-Identifier: Apache-2.0
#include "reworks.hpp"

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"

namespace fleetline::daemon {

namespace asio = boost::asio;

/// Of the product that is made there; where the slot is no longer configured, the least of all. 0: never.
std::int64_t reworks::failures_allowed_at(const slot_name& slot) const {
    for (const auto& one : settings_.slots)
        if (one.name == slot) return settings_.product(one.product).failures_allowed;
    std::int64_t least = 0;
    for (const auto& product : settings_.products) {
        const auto allowed = product.failures_allowed;
        if (allowed > 0) least = least == 0 ? allowed : std::min<std::int64_t>(least, allowed);
    }
    return least;
}

asio::awaitable<void> reworks::authorise(serial_number serial, std::string reason, std::string by) {
    constexpr auto doing = "Authorising a rework";
    const std::string subject = "serial " + printable(serial.text(), 64);
    const auto board = co_await book_.device(serial);
    if (board.attempt.empty())
        throw failure("station-request-not-found", doing, subject,
                      "no board with this serial number was ever worked on here");
    const bool has_passed = board.reached == ledger::stage::passed || !board.current_certificate.empty();
    const auto allowed = failures_allowed_at(board.slot);
    if (!has_passed && (allowed == 0 || board.failures < allowed)) {
        const std::string failed = allowed == 0 ? std::string()
                                                : ", and has failed " + std::to_string(board.failures) +
                                                      " times of the " + std::to_string(allowed) +
                                                      " that the product allows";
        throw failure("station-request-invalid", doing, subject,
                      "it has not passed" + failed + ": plug it in, it needs no rework");
    }
    ledger::rework_authorised event;
    event.serial = std::move(serial);
    event.reason = std::move(reason);
    event.by = std::move(by);
    co_await book_.append(std::move(event));
}

}  // namespace fleetline::daemon
