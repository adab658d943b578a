// SPDX-License-Identifier: Apache-2.0
// The audit report, streamed.
#include "api/handlers.hpp"
#include "api/problem.hpp"
#include "api/question.hpp"
#include "api/report_stream.hpp"
#include "api/service.hpp"
#include "core/failure.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

report_format format_of(const request& what) {
    const auto* text = what.asked("format");
    if (text == nullptr || *text == "csv") return report_format::csv;
    if (*text == "jsonl") return report_format::jsonl;
    if (*text == "xlsx" || *text == "pdf")
        throw failure("station-request-not-available", "Making a report", "format " + *text,
                      "the API serves csv and jsonl; 'fleetline report' makes the others");
    throw failure("station-request-invalid", "Making a report", "format", "it must be csv or jsonl");
}

}  // namespace

asio::awaitable<response> get_report(service& here, const request& what) {
    allow_only(what, {"format", "since", "until", "product", "order", "limit"});
    const auto format = format_of(what);
    auto wanted = filter_of(what, -1, std::int64_t{1} << 53);
    wanted.newest_first = false;
    auto running = here.begin_report();
    if (!running) co_return problem("station-request-too-many", "other reports are being written");
    const bool csv = format == report_format::csv;
    response answer{200, csv ? "text/csv; charset=utf-8" : "application/jsonl", {}};
    answer.headers.emplace_back("Content-Disposition",
                                csv ? "attachment; filename=\"fleetline-report.csv\""
                                    : "attachment; filename=\"fleetline-report.jsonl\"");
    answer.stream = co_await stream_report(*here.pool, format, std::move(wanted), std::move(running),
                                           here.wanted.limit.report_patience);
    co_return answer;
}

}  // namespace fleetline::api
