// SPDX-License-Identifier: Apache-2.0
// fleetline config check: every mistake in a configuration, with line and column.
#include <memory>

#include "cli/command.hpp"
#include "cli/json_view.hpp"
#include "cli/text.hpp"
#include "config/load.hpp"

namespace fleetline::cli {

namespace {

std::string place(const std::filesystem::path& file, const config::complaint& of) {
    std::string text = file.string();
    if (of.line > 0) text += ':' + std::to_string(of.line);
    if (of.line > 0 && of.column > 0) text += ':' + std::to_string(of.column);
    return text;
}

json as_json(const std::filesystem::path& file, const config::loaded& found) {
    json document{{"file", file.string()}, {"valid", found.complaints.empty()}, {"errors", json::array()}};
    for (const auto& one : found.complaints)
        document["errors"].push_back({{"line", one.line}, {"column", one.column}, {"text", one.text}});
    return document;
}

exit_status check(surroundings& here, const std::filesystem::path& file) {
    const auto found = config::load(file);
    auto& out = here.out;
    if (here.wants_json) {
        out.line(indented(as_json(file, found)));
    } else if (found.complaints.empty()) {
        out.line(file.string() + ": " + out.paint(ink::good, "valid") + " (station " +
                 safe_text(found.value.station.id) + ", " +
                 count_text(static_cast<std::int64_t>(found.value.products.size()), "product", "products") +
                 ", " + count_text(static_cast<std::int64_t>(found.value.slots.size()), "slot", "slots") +
                 ')');
    }
    if (!here.wants_json) {
        for (const auto& one : found.complaints)
            out.line(out.paint(ink::strong, place(file, one) + ':') + ' ' + safe_text(one.text));
    }
    return found.complaints.empty() ? exit_status::yes : exit_status::usage;
}

}  // namespace

void add_config(words& parent) {
    auto word = parent.word("config", "Look at the station's configuration");
    auto verb = word.word("check", "Print every mistake in a configuration, with line and column");
    auto file = std::make_shared<std::string>();
    verb.argument("FILE", *file, "The configuration, if not that of --config", false);
    verb.does([file](surroundings& here) {
        return check(here, file->empty() ? here.config_file() : std::filesystem::path{*file});
    });
}

}  // namespace fleetline::cli
