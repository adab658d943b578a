// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <regex>
#include <utility>

#include "api/unfit_serials.hpp"
#include "core/encoding.hpp"
#include "core/failure.hpp"
#include "core/serial_range.hpp"

namespace fleetline::daemon {

namespace asio = boost::asio;

namespace {

[[noreturn]] void invalid(const char* doing, const order_name& order, std::string why) {
    throw failure("station-request-invalid", doing, "order " + order.text(), std::move(why));
}

/// Where in the list there are such as cannot be serial numbers of the product. A long list is looked at in
/// pieces: the slots share this thread.
asio::awaitable<std::vector<std::size_t>> misfits(const std::string& pattern,
                                                  const std::vector<serial_number>& serials) {
    std::vector<std::size_t> found;
    constexpr std::size_t piece = 500;
    const auto executor = co_await asio::this_coro::executor;
    const std::regex whole(pattern, std::regex::ECMAScript | std::regex::optimize);
    for (std::size_t at = 0; at < serials.size(); ++at) {
        const auto& text = serials[at].text();
        if (text.size() > 64 || !std::regex_match(text, whole)) found.push_back(at);
        if (at % piece == piece - 1) co_await asio::post(executor, asio::use_awaitable);
    }
    co_return found;
}

}  // namespace

/// What is asked of the ledger and what is then recorded belong together: one at a time.
class orders::turn {
  public:
    turn(bool& busy, const char* doing, const order_name& order) : busy_(busy) {
        if (busy_)
            throw failure("station-request-too-many", doing, "order " + order.text(),
                          "another change of work orders is under way");
        busy_ = true;
    }
    ~turn() { busy_ = false; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

  private:
    bool& busy_;
};

product_name orders::product_of(const api::order_opening& wanted) const {
    constexpr auto doing = "Opening a work order";
    const auto& products = settings_.products;
    if (wanted.product.empty()) {
        if (products.size() != 1)
            invalid(doing, wanted.order, "this station makes several products: name one");
        return products.front().name;
    }
    const bool known = std::any_of(products.begin(), products.end(),
                                   [&](const auto& one) { return one.name == wanted.product; });
    if (!known) invalid(doing, wanted.order, "this station makes no product '" + wanted.product.text() + "'");
    return wanted.product;
}

void orders::check_range(const api::order_opening& wanted, const product_name& product) const {
    constexpr auto doing = "Opening a work order";
    const auto& makes = settings_.product(product);
    const bool hands_out = makes.serial_source == "range";
    if (wanted.first_serial.empty() && wanted.last_serial.empty()) {
        if (hands_out)
            invalid(doing, wanted.order,
                    "boards of " + product.text() +
                        " get their serial numbers from it: give the first and the last");
        return;
    }
    if (!hands_out)
        invalid(doing, wanted.order, "boards of " + product.text() + " have serial numbers of their own");
    if (wanted.allow_list)
        invalid(doing, wanted.order, "it has a list or a range of serial numbers, not both");
    const auto range = serial_range::between(wanted.first_serial, wanted.last_serial);
    if (!range) invalid(doing, wanted.order, range.why_not());
    const std::regex pattern(makes.serial_pattern, std::regex::ECMAScript);
    for (const auto& end : {range->first(), range->last()})
        if (!std::regex_match(end, pattern))
            invalid(doing, wanted.order, "'" + printable(end) + "' is no serial number of " + product.text());
    if (wanted.quota > range->size())
        invalid(doing, wanted.order,
                "it has " + std::to_string(range->size()) + " serial numbers for " +
                    std::to_string(wanted.quota) + " boards");
}

asio::awaitable<void> orders::open(api::order_opening wanted, api::caller by) {
    constexpr auto doing = "Opening a work order";
    const turn mine(busy_, doing, wanted.order);
    if (wanted.quota < 0) invalid(doing, wanted.order, "the quota is negative");
    ledger::order_opened event;
    event.order = wanted.order;
    event.product = product_of(wanted);
    event.quota = wanted.quota;
    event.allow_list = wanted.allow_list;
    event.by = by.name;
    event.first_serial = wanted.first_serial;
    event.last_serial = wanted.last_serial;
    check_range(wanted, event.product);
    // Neither two orders for one product, nor one name for two: admission must know which one counts.
    for (const auto& product : settings_.products) {
        const auto already = co_await book_.open_order(product.name);
        if (!already) continue;
        if (already->order == wanted.order || product.name == event.product)
            throw failure("order-open-already", doing, "order " + wanted.order.text(),
                          "order " + already->order.text() + " is open for " + product.name.text());
    }
    co_await book_.append(std::move(event));
}

asio::awaitable<ledger::order_record> orders::find_open(order_name order, std::string doing) {
    for (const auto& product : settings_.products) {
        auto found = co_await book_.open_order(product.name);
        if (found && found->order == order) co_return std::move(*found);
    }
    throw failure("order-not-open", std::move(doing), "order " + order.text(), "no such order is open");
}

asio::awaitable<void> orders::close(order_name order, api::caller by) {
    constexpr auto doing = "Closing a work order";
    const turn mine(busy_, doing, order);
    const auto open = co_await find_open(order, doing);
    ledger::order_closed event;
    event.order = open.order;
    event.by = by.name;
    co_await book_.append(std::move(event));
}

asio::awaitable<void> orders::import(order_name order, std::vector<serial_number> serials,
                                     ledger::list_source from) {
    constexpr auto doing = "Importing serial numbers";
    const turn mine(busy_, doing, order);
    const auto open = co_await find_open(order, doing);
    if (!open.allow_list) invalid(doing, order, "it takes any serial number: open it with an allow-list");
    const std::string pattern = settings_.product(open.product).serial_pattern;
    auto wrong = co_await misfits(pattern, serials);
    if (!wrong.empty()) throw api::unfit_serials("order " + order.text(), std::move(wrong));
    co_await book_.import_serials(order, serials, std::move(from));
}

}  // namespace fleetline::daemon
