// SPDX-License-Identifier: Apache-2.0
#include "station/admission.hpp"

#include <algorithm>
#include <utility>

#include "core/encoding.hpp"
#include "core/signal.hpp"

namespace fleetline::station {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_serial = 64;  ///< X.520's bound on a common name

}  // namespace

struct admission::holder {
    holder(slot_name in, std::shared_ptr<const signal> left, const asio::any_io_executor& executor)
        : slot(std::move(in)), gone(std::move(left)), ended(executor) {}
    slot_name slot;
    order_name order;
    std::shared_ptr<const signal> gone;
    signal ended;
};

admission::admission(ledger::ledger& book, asio::any_io_executor executor)
    : book_(book), executor_(std::move(executor)) {}

admission::~admission() = default;

admission::claim::claim(claim&& other) noexcept {
    *this = std::move(other);
}

admission::claim& admission::claim::operator=(claim&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(serial_, other.serial_);
    std::swap(order, other.order);
    return *this;
}

admission::claim::~claim() {
    if (owner_ == nullptr) return;
    const auto found = owner_->holders_.find(serial_);
    if (found == owner_->holders_.end()) return;
    const auto ended = found->second;  // whoever waits for the end holds it too
    owner_->holders_.erase(found);
    ended->ended.set();
}

void admission::claim::board_is_back(std::shared_ptr<const signal> gone) {
    owner_->holders_.at(serial_)->gone = std::move(gone);
}

void admission::check_serial(const product_settings& product, const serial_number& serial) {
    const auto refuse = [&](std::string_view code, std::string why) {
        throw failure(code, "Admitting the board", "serial " + printable(serial.text(), longest_serial),
                      std::move(why));
    };
    if (serial.empty()) refuse("order-serial-missing", "no source told a serial number");
    auto pattern = patterns_.find(product.name);
    if (pattern == patterns_.end())
        pattern = patterns_.emplace(product.name, std::regex(product.serial_pattern)).first;
    if (serial.text().size() > longest_serial)
        refuse("order-serial-invalid", "it is longer than 64 characters");
    if (!std::regex_match(serial.text(), pattern->second))
        refuse("order-serial-invalid", "it does not match the product's pattern " + product.serial_pattern);
}

void admission::check_quota(const ledger::order_record& order, const serial_number& but_for,
                            std::int64_t waiting, const std::string& subject) const {
    const auto under_way = waiting + std::count_if(holders_.begin(), holders_.end(), [&](const auto& one) {
                               return one.first != but_for && one.second->order == order.order;
                           });
    if (order.quota > 0 && order.passed + under_way >= order.quota)
        throw failure("order-quota-reached", "Admitting the board", subject,
                      "order " + order.order.text() + " has " + std::to_string(order.passed) + " of " +
                          std::to_string(order.quota) + " and " + std::to_string(under_way) + " under way");
}

admission::place::place(place&& other) noexcept {
    *this = std::move(other);
}

admission::place& admission::place::operator=(place&& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(order, other.order);
    return *this;
}

admission::place::~place() {
    if (owner_ == nullptr) return;
    const auto found = owner_->reserved_.find(order);
    if (--found->second == 0) owner_->reserved_.erase(found);
}

asio::awaitable<admission::place> admission::reserve(const product_settings& product) {
    const auto order = co_await book_.open_order(product.name);
    const std::string subject = "product " + product.name.text();
    if (!order || !order->has_range)
        throw failure("order-none-open", "Handing out a serial number", subject,
                      "no work order that has serial numbers is open for it");
    const auto waiting = reserved_.find(order->order);
    check_quota(*order, {}, waiting == reserved_.end() ? 0 : waiting->second, subject);
    place held;
    held.owner_ = this;
    held.order = order->order;
    ++reserved_[order->order];
    co_return held;
}

asio::awaitable<void> admission::check_order(const product_settings& product, const serial_number& serial,
                                             claim& seat) {
    auto order = co_await book_.open_order(product.name);
    const std::string subject = "serial " + serial.text();
    if (!order) {
        if (product.order_required)
            throw failure("order-none-open", "Admitting the board", subject,
                          "no work order is open for product " + product.name.text());
        co_return;
    }
    if (order->allow_list) {
        const bool listed = co_await book_.serial_allowed(order->order, serial);
        if (!listed)
            throw failure("order-not-on-list", "Admitting the board", subject,
                          "it is not on the allow-list of order " + order->order.text());
        // Others may have passed meanwhile. From here on to the seat nothing is waited for.
        const auto before = order->order;
        order = co_await book_.open_order(product.name);
        if (!order || order->order != before) {
            co_await check_order(product, serial, seat);
            co_return;
        }
    }
    check_quota(*order, serial, 0, subject);
    seat.order = order->order;
    holders_.at(serial)->order = order->order;
}

asio::awaitable<admission::claim> admission::admit(const product_settings& product, serial_number serial,
                                                   slot_name slot, std::shared_ptr<const signal> gone) {
    check_serial(product, serial);
    for (auto found = holders_.find(serial); found != holders_.end(); found = holders_.find(serial)) {
        const auto other = found->second;
        if (!other->gone->is_set())
            throw failure("order-in-progress", "Admitting the board", "serial " + serial.text(),
                          "it is being worked on in slot " + other->slot.text());
        // Plugged again before the attempt it left behind has ended: that one's cloud answer may still
        // arrive.
        co_await other->ended.wait();
    }
    claim seat;
    seat.owner_ = this;
    seat.serial_ = serial;
    holders_.emplace(serial, std::make_shared<holder>(std::move(slot), std::move(gone), executor_));
    co_await check_order(product, serial, seat);
    co_return seat;
}

}  // namespace fleetline::station
