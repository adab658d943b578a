// SPDX-License-Identifier: Apache-2.0
// fleetline doctor: checks everything a first day can get wrong.
#include "cli/doctor.hpp"

#include <algorithm>
#include <array>

#include "cli/json_view.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

struct shown {
    std::string_view mark;
    std::string_view word;
    ink colour;
};

const shown& as_shown(health state) {
    static constexpr std::array<shown, 3> all{
        {{"ok  ", "good", ink::good}, {"look", "doubtful", ink::warning}, {"BAD ", "bad", ink::bad}}};
    return all.at(static_cast<std::size_t>(state));
}

void print(screen& out, const finding& one) {
    const auto& how = as_shown(one.state);
    std::string label = one.what;
    label.resize(std::max<std::size_t>(label.size() + 1, 20), ' ');
    out.line(out.paint(how.colour, how.mark) + "  " + label + safe_text(one.text));
    if (!one.remedy.empty()) out.line("      " + out.paint(ink::accent, "Remedy: ") + safe_text(one.remedy));
    out.raw().flush();
}

exit_status doctor(surroundings& here) {
    findings found;
    std::size_t printed = 0;
    const auto show = [&] {
        for (; !here.wants_json && printed < found.size(); ++printed) print(here.out, found[printed]);
    };
    found.push_back({"configuration", health::good, here.settings().source.string() + " is valid", {}, {}});
    for (const auto check :
         {check_clock, check_ledger, check_backup, check_ports, check_interference, check_cloud}) {
        show();
        check(here, found);
    }
    show();
    const bool healthy =
        std::none_of(found.begin(), found.end(), [](const auto& one) { return one.state == health::bad; });
    if (here.wants_json) {
        json document{{"healthy", healthy}, {"checks", json::array()}};
        for (const auto& one : found)
            document["checks"].push_back({{"what", one.what},
                                          {"state", as_shown(one.state).word},
                                          {"text", one.text},
                                          {"remedy", one.remedy},
                                          {"code", one.code}});
        here.out.line(indented(document));
    }
    return healthy ? exit_status::yes : exit_status::no;
}

}  // namespace

void add_doctor(words& parent) {
    parent.word("doctor", "Check everything a first day can get wrong, with a remedy for each").does(doctor);
}

}  // namespace fleetline::cli
