// SPDX-License-Identifier: Apache-2.0
// What the ledger knows: boards, attempts, orders, statistics. Read on the pool's threads.
#include <array>
#include <chrono>
#include <functional>

#include "api/handlers.hpp"
#include "api/json_views.hpp"
#include "api/ledger_pool.hpp"
#include "api/problem.hpp"
#include "api/question.hpp"
#include "api/service.hpp"
#include "core/failure.hpp"
#include "report/statistics.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t usual_rows = 100;
constexpr std::int64_t most_rows = 10'000;

ledger::filter list_filter_of(const request& what) {
    allow_only(what, {"since", "until", "product", "order", "outcome", "serial", "slot", "operator",
                      "failure_code", "search", "limit"});
    return filter_of(what, usual_rows, most_rows);
}

/// A list that no index helps to find may need the whole ledger to be read: it is given up after a while, so
/// that others get their answers.
class bounded {
  public:
    bounded(const ledger::reader& book, milliseconds patience) : book_(book) {
        book_.break_off_when([this, until = std::chrono::steady_clock::now() + patience] {
            over_ = over_ || std::chrono::steady_clock::now() >= until;
            return over_;
        });
    }
    ~bounded() { book_.break_off_when({}); }
    bounded(const bounded&) = delete;
    bounded& operator=(const bounded&) = delete;

    void run(const std::function<void()>& question) {
        try {
            question();
        } catch (const failure&) {
            if (!over_) throw;
            throw failure("station-request-too-many", "Searching the ledger", "",
                          "it was given up: ask for a shorter time, or for less at once");
        }
    }

  private:
    const ledger::reader& book_;
    bool over_ = false;
};

}  // namespace

asio::awaitable<response> get_devices(service& here, const request& what) {
    const auto wanted = list_filter_of(what);
    std::string body;
    co_await here.pool->ask([&](const ledger::reader& book) {
        json devices = json::array();
        bounded(book, here.wanted.limit.search_patience).run([&] {
            book.devices(wanted, [&](const ledger::device_row& row) {
                devices.push_back(view_of(row));
                return true;
            });
        });
        body = text_of(json{{"devices", std::move(devices)}});
    });
    co_return response(200, "application/json", std::move(body));
}

asio::awaitable<response> get_attempts(service& here, const request& what) {
    const auto wanted = list_filter_of(what);
    std::string body;
    co_await here.pool->ask([&](const ledger::reader& book) {
        json attempts = json::array();
        bounded(book, here.wanted.limit.search_patience).run([&] {
            book.attempts(wanted, [&](const ledger::attempt_row& row) {
                attempts.push_back(view_of(row));
                return true;
            });
        });
        body = text_of(json{{"attempts", std::move(attempts)}});
    });
    co_return response(200, "application/json", std::move(body));
}

namespace {

/// The attempt with its events and its certificate, or an empty text.
std::string whole_attempt(const ledger::reader& book, std::string_view id) {
    json body;
    ledger::filter one;
    one.attempt = id;
    book.attempts(one, [&](const ledger::attempt_row& row) {
        body["attempt"] = view_of(row);
        body["certificate"] = nullptr;
        for (const auto& certificate : book.certificates_of(row.serial))
            if (certificate.certificate_id == row.certificate_id && !row.certificate_id.empty())
                body["certificate"] = view_of(certificate);
        return false;
    });
    if (body.is_null()) return {};
    auto& events = body["events"] = json::array();
    for (const auto& event : book.events_of(id)) events.push_back(view_of(event));
    return text_of(body);
}

}  // namespace

asio::awaitable<response> get_attempt(service& here, const request& what) {
    std::string body;
    const std::string id{what.parameter("id")};
    co_await here.pool->ask([&](const ledger::reader& book) { body = whole_attempt(book, id); });
    if (body.empty()) co_return problem("station-request-not-found", "there is no attempt " + id);
    co_return response(200, "application/json", std::move(body));
}

asio::awaitable<response> get_transcript(service& here, const request& what) {
    std::string text;
    bool known = false;
    const std::string id{what.parameter("id")};
    co_await here.pool->ask([&](const ledger::reader& book) {
        text = book.transcript(id);
        known = !text.empty() || !book.events_of(id).empty();
    });
    if (!known) co_return problem("station-request-not-found", "there is no attempt " + id);
    co_return response(200, "text/plain; charset=utf-8", std::move(text));
}

asio::awaitable<response> get_orders(service& here, const request&) {
    std::string body;
    co_await here.pool->ask([&](const ledger::reader& book) {
        json orders = json::array();
        book.orders([&](const ledger::order_row& row) {
            orders.push_back(view_of(row));
            return static_cast<std::int64_t>(orders.size()) < most_rows;
        });
        body = text_of(json{{"orders", std::move(orders)}});
    });
    co_return response(200, "application/json", std::move(body));
}

namespace {

report::grouping grouping_of(const request& what) {
    constexpr std::array<std::pair<std::string_view, report::grouping>, 6> known{
        {{"", report::grouping::none},
         {"hour", report::grouping::hour},
         {"day", report::grouping::day},
         {"product", report::grouping::product},
         {"slot", report::grouping::slot},
         {"order", report::grouping::order}}};
    const auto* text = what.asked("by");
    for (const auto& [name, by] : known)
        if (text == nullptr || name == *text) return by;
    throw failure("station-request-invalid", "Reading the request", "by",
                  "it must be hour, day, product, slot or order");
}

}  // namespace

asio::awaitable<response> get_stats(service& here, const request& what) {
    allow_only(what, {"since", "until", "product", "order", "slot", "by"});
    const auto wanted = filter_of(what, -1, -1);
    const auto by = grouping_of(what);
    std::string body;
    co_await here.pool->ask(
        [&](const ledger::reader& book) { body = report::to_json_text(report::collect(book, wanted, by)); });
    co_return response(200, "application/json", std::move(body));
}

}  // namespace fleetline::api
