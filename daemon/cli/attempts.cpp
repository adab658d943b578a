// SPDX-License-Identifier: Apache-2.0
// fleetline attempts: what was tried, newest first.
#include <memory>

#include "cli/command.hpp"
#include "cli/lists.hpp"
#include "cli/options.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "report/writer.hpp"

namespace fleetline::cli {

namespace {

std::string detail_of(const ledger::attempt_row& row) {
    // What 'show' takes: without a serial number there is nothing else.
    const std::string id = row.serial.empty() ? ", attempt " + safe_text(row.attempt_id) : "";
    if (!row.failure_code.empty())
        return safe_text(row.failure_code) + (row.failure_step.empty() ? "" : " (" + row.failure_step + ')') +
               id;
    if (row.outcome.empty()) return "under way" + id;
    return safe_text(row.thing_name);
}

exit_status list(surroundings& here, const filter_options& options) {
    const auto wanted = options.as_filter(here.now);
    const auto& ledger = here.ledger();
    list_limit limit{here, options.limit};
    if (here.wants_json) {
        const auto writer = report::make_jsonl_writer(here.out.raw());
        ledger.attempts(limit.applied_to(wanted), [&](const auto& row) {
            if (limit.reached()) return false;
            writer->row(row);
            return true;
        });
        return exit_status::yes;
    }
    table rows{here.out,
               {"started (UTC)",
                "slot",
                "serial",
                "product",
                "order",
                "outcome",
                {"time", align::right},
                "thing or failure"}};
    ledger.attempts(limit.applied_to(wanted), [&](const ledger::attempt_row& row) {
        if (limit.reached()) return false;
        rows.row({time_text(row.started_at),
                  safe_text(row.slot),
                  safe_text(row.serial),
                  safe_text(row.product),
                  safe_text(row.order),
                  {row.outcome.empty() ? "…" : row.outcome, ink_of(row.outcome)},
                  row.duration_ms ? duration_text(*row.duration_ms) : "",
                  detail_of(row)});
        return true;
    });
    limit.close(rows.finish(), "attempts");
    return exit_status::yes;
}

}  // namespace

void add_attempts(words& parent) {
    auto word = parent.word("attempts", "List what was tried, newest first");
    auto options = std::make_shared<filter_options>();
    options->add_period(word);
    options->add_selection(word);
    options->add_outcome(word);
    options->add_search(word);
    options->add_limit(word);
    word.does([options](surroundings& here) { return list(here, *options); });
}

}  // namespace fleetline::cli
