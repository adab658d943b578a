// SPDX-License-Identifier: Apache-2.0
// The audit report, streamed as it is written.
#include "api/handlers.hpp"
#include "api/problem.hpp"
#include "api/providers.hpp"
#include "api/question.hpp"
#include "api/report_stream.hpp"
#include "api/service.hpp"
#include "core/failure.hpp"
#include "core/logger.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

struct kind {
    report_format format;
    std::string_view name, type;
};

constexpr kind kinds[] = {
    {report_format::csv, "csv", "text/csv; charset=utf-8"},
    {report_format::jsonl, "jsonl", "application/jsonl"},
    {report_format::xlsx, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {report_format::pdf, "pdf", "application/pdf"},
};

const kind& kind_of(const request& what) {
    const auto* text = what.asked("format");
    if (text == nullptr) return kinds[0];
    for (const auto& one : kinds)
        if (*text == one.name) return one;
    throw failure("station-request-invalid", "Making a report", "format",
                  "it must be csv, jsonl, xlsx or pdf");
}

/// That the head cannot be signed keeps nobody from reading.
asio::awaitable<void> leave_checkpoint(service& here) {
    if (!here.station->sign_head) co_return;
    std::string why;
    try {
        co_await here.station->sign_head();
    } catch (const std::exception& error) {
        why = error.what();
    }
    if (!why.empty()) here.log.warning("A report goes out, and the ledger's head is not signed: " + why);
}

}  // namespace

asio::awaitable<response> get_report(service& here, const request& what) {
    allow_only(what, {"format", "since", "until", "product", "order", "limit"});
    const auto& asked = kind_of(what);
    auto wanted = filter_of(what, -1, std::int64_t{1} << 53);
    wanted.newest_first = false;
    auto running = here.begin_report();
    if (!running) co_return problem("station-request-too-many", "other reports are being written");
    response answer{200, std::string{asked.type}, {}};
    answer.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"fleetline-report." + std::string{asked.name} + '"');
    report_end over{here.stopping, {}};
    // The others are sent from their first row on: that tells whether there is anybody.
    const bool says_nothing_for_long =
        asked.format == report_format::xlsx || asked.format == report_format::pdf;
    if (says_nothing_for_long && what.watch_peer) over.gone = what.watch_peer();
    report_wish wish{asked.format, std::move(wanted), here.station->snapshot().station};
    answer.stream = co_await stream_report(*here.pool, std::move(wish), std::move(running), std::move(over),
                                           here.wanted.limit.report_patience);
    // Now, when it has begun to read: what is recorded from here on is not in it.
    co_await leave_checkpoint(here);
    co_return answer;
}

}  // namespace fleetline::api
