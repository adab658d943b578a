// SPDX-License-Identifier: Apache-2.0
// How the line is at this moment.
#include "api/handlers.hpp"
#include "api/json_views.hpp"
#include "api/ledger_pool.hpp"
#include "api/live_feed.hpp"
#include "api/metrics.hpp"
#include "api/providers.hpp"
#include "api/service.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

asio::awaitable<response> get_status(service& here, const request&) {
    response answer{200, "application/json", text_of(view_of(here.station->snapshot()))};
    co_return answer;
}

asio::awaitable<response> get_slots(service& here, const request&) {
    const auto status = here.station->snapshot();
    json slots = json::array();
    for (const auto& slot : status.slots) slots.push_back(view_of(slot));
    json document;
    document["slots"] = std::move(slots);
    response answer{200, "application/json", text_of(document)};
    co_return answer;
}

/// Who asks: a page shows people what they may do, and nothing else.
asio::awaitable<response> get_me(service& here, const request& what) {
    const auto by = co_await here.resolved(*what.by);
    json document;
    document["role"] = to_text(by.is);
    document["name"] = by.name;
    response answer{200, "application/json", text_of(document)};
    co_return answer;
}

asio::awaitable<response> get_metrics(service& here, const request&) {
    const auto status = here.station->snapshot();
    auto now = *here.now;
    now.live = here.feed->pages();
    now.live_dropped = here.feed->dropped();
    const auto behind = here.feed->backlog();
    now.live_waiting = behind.all;
    now.live_behind = behind.longest;
    now.questions = here.pool->waiting();
    const auto cloud = here.station->cloud ? here.station->cloud() : cloud_counters{};
    const auto ledger = here.station->ledger ? here.station->ledger() : ledger_backlog{};
    response answer{200, "text/plain; version=0.0.4; charset=utf-8",
                    here.counts->text(status, now, here.station->cloud ? &cloud : nullptr,
                                      here.station->ledger ? &ledger : nullptr)};
    co_return answer;
}

/// Well enough to take boards as far as this machine goes: an absent cloud makes boards wait, not a restart.
asio::awaitable<response> get_health(service& here, const request&) {
    const auto status = here.station->snapshot();
    const bool well = status.ledger_writable && !status.stopping;
    response answer{well ? 200 : 503, "application/json",
                    well ? R"({"status":"ok"})" : R"({"status":"unwell"})"};
    co_return answer;
}

}  // namespace fleetline::api
