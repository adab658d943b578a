// SPDX-License-Identifier: Apache-2.0
// What people may have done: scan, retry, rework, work orders. Each answers when it is durable.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/handlers.hpp"
#include "api/json_views.hpp"
#include "api/ledger_pool.hpp"
#include "api/problem.hpp"
#include "api/providers.hpp"
#include "api/question.hpp"
#include "api/serial_list.hpp"
#include "api/service.hpp"
#include "api/unfit_serials.hpp"
#include "core/digest.hpp"
#include "core/failure.hpp"
#include "core/recorded_text.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

[[noreturn]] void not_available(const char* doing) {
    throw failure("station-request-not-available", doing, "", "this station does not offer it");
}

response done(int status, const char* name, const std::string& value) {
    json body;
    body[name] = value;
    return response{status, "application/json", text_of(body)};
}

std::int64_t lines_of(const std::string& text) {
    const bool unended = !text.empty() && text.back() != '\n';
    return std::count(text.begin(), text.end(), '\n') + (unended ? 1 : 0);
}

/// All bad lines at once (the first hundred): whoever mends a list wants to mend it once.
response bad_list(const serial_list& list) {
    auto answer =
        problem("station-request-invalid",
                std::to_string(list.bad_count) + " lines of the list are wrong; nothing was imported");
    auto body = json::parse(answer.body);
    body["error_count"] = list.bad_count;
    auto& errors = body["errors"] = json::array();
    for (const auto& bad : list.bad) {
        json one;
        one["line"] = bad.line;
        one["text"] = bad.text;
        errors.push_back(std::move(one));
    }
    answer.body = text_of(body);
    return answer;
}

}  // namespace

asio::awaitable<response> post_scan(service& here, const request& what) {
    const body_members asked{what, {"serial", "slot"}};
    const serial_number serial{asked.text("serial")};
    const slot_name slot{asked.text_or_none("slot", 64)};
    if (!here.station->scan) not_available("Taking a scan");
    const auto by = co_await here.resolved(*what.by);
    const auto taken_by = co_await here.station->scan(serial, slot, by);
    json body;
    body["slot"] = taken_by.text();
    // No slot took it, and it is who works here now: it was a badge.
    if (taken_by.empty() && here.station->snapshot().operator_name == serial.text())
        body["operator"] = serial.text();
    co_return response(200, "application/json", text_of(body));
}

asio::awaitable<response> post_operator(service& here, const request& what) {
    const body_members asked{what, {"name"}};
    const auto name = asked.text_or_none("name", longest_person);
    if (!here.station->sign_on) not_available("Signing on");
    const auto by = co_await here.resolved(*what.by);
    co_await here.station->sign_on(name, by);
    co_return done(200, "operator", here.station->snapshot().operator_name);
}

asio::awaitable<response> post_retry(service& here, const request& what) {
    const body_members nothing{what, {}};
    const slot_name slot{std::string{what.parameter("slot")}};
    if (!here.station->retry) not_available("Trying a board again");
    const auto by = co_await here.resolved(*what.by);
    co_await here.station->retry(slot, by);
    co_return done(200, "slot", slot.text());
}

asio::awaitable<response> post_rework(service& here, const request& what) {
    const body_members asked{what, {"serial", "reason"}};
    const serial_number serial{asked.text("serial")};
    const auto reason = asked.text("reason", longest_remark);
    if (!here.station->rework) not_available("Authorising a rework");
    const auto by = co_await here.resolved(*what.by);
    co_await here.station->rework(serial, reason, by);
    co_return done(200, "serial", serial.text());
}

asio::awaitable<response> post_order(service& here, const request& what) {
    const body_members asked{what,
                             {"order", "product", "quota", "allow_list", "first_serial", "last_serial"}};
    order_opening wanted;
    wanted.order = order_name{asked.text("order", 128)};
    wanted.product = product_name{asked.text_or_none("product", 128)};
    wanted.quota = asked.number_or("quota", 0);
    wanted.allow_list = asked.truth_or("allow_list", false);
    wanted.first_serial = asked.text_or_none("first_serial", 64);
    wanted.last_serial = asked.text_or_none("last_serial", 64);
    if (!here.station->open_order) not_available("Opening a work order");
    const auto by = co_await here.resolved(*what.by);
    co_await here.station->open_order(wanted, by);
    co_return done(201, "order", wanted.order.text());
}

asio::awaitable<response> post_order_close(service& here, const request& what) {
    const body_members nothing{what, {}};
    const order_name order{std::string{what.parameter("order")}};
    if (!here.station->close_order) not_available("Closing a work order");
    const auto by = co_await here.resolved(*what.by);
    co_await here.station->close_order(order, by);
    co_return done(200, "order", order.text());
}

asio::awaitable<response> post_order_serials(service& here, const request& what) {
    const order_name order{std::string{what.parameter("order")}};
    if (!here.station->import_serials) not_available("Importing serial numbers");
    serial_list list;
    sent_list from;
    co_await here.pool->run([&] {
        list = parse_serial_list(what.content_type, what.body);
        from.sha256 = sha256_hex(what.body);
        from.lines = lines_of(what.body);
    });
    if (list.bad_count != 0) co_return bad_list(list);
    const auto count = static_cast<std::int64_t>(list.serials.size());
    const auto by = co_await here.resolved(*what.by);
    std::vector<std::size_t> misfits;
    try {
        co_await here.station->import_serials(order, list.serials, from, by);
    } catch (const unfit_serials& some) {
        misfits = some.places;
    }
    if (!misfits.empty()) {
        co_await here.pool->run([&] { list.complain_of(misfits); });
        co_return bad_list(list);
    }
    json body;
    body["order"] = order.text();
    body["serials"] = count;
    body["lines"] = from.lines;
    body["sha256"] = from.sha256;
    co_return response(200, "application/json", text_of(body));
}

}  // namespace fleetline::api
