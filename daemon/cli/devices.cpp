// SPDX-License-Identifier: Apache-2.0
// fleetline devices: every board the ledger knows, the last touched first.
#include <memory>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/lists.hpp"
#include "cli/options.hpp"
#include "cli/story.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

exit_status list(surroundings& here, const filter_options& options) {
    const auto wanted = options.as_filter(here.now);
    const auto& ledger = here.ledger();
    list_limit limit{here, options.limit};
    table rows{here.out,
               {"serial",
                "thing",
                "certificate",
                "product",
                "order",
                "outcome",
                {"attempts", align::right},
                "last (UTC)"}};
    ledger.devices(limit.applied_to(wanted), [&](const ledger::device_row& row) {
        if (limit.reached()) return false;
        if (here.wants_json) {
            here.out.line(one_line(to_json(row)));
            return true;
        }
        rows.row({safe_text(row.serial),
                  safe_text(row.thing_name),
                  short_id(row.certificate_id),
                  safe_text(row.product),
                  safe_text(row.order),
                  {standing_of(row), ink_of(standing_of(row))},
                  std::to_string(row.attempts),
                  time_text(row.updated_at)});
        return true;
    });
    if (!here.wants_json) limit.close(rows.finish(), "boards");
    return exit_status::yes;
}

}  // namespace

void add_devices(words& parent) {
    auto word = parent.word("devices", "List the boards, last touched first");
    auto options = std::make_shared<filter_options>();
    options->add_period(word);
    options->add_selection(word);
    options->add_outcome(word);
    options->add_search(word);
    options->add_limit(word);
    word.does([options](surroundings& here) { return list(here, *options); });
}

}  // namespace fleetline::cli
