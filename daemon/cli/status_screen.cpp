// SPDX-License-Identifier: Apache-2.0
#include "cli/status_screen.hpp"

#include <algorithm>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::cli {

namespace {

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int64_t number_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}

bool truth_of(const json& object, const char* key, bool otherwise) {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

const json& part_of(const json& object, const char* key) {
    static const json nothing;
    const auto found = object.find(key);
    return found != object.end() ? *found : nothing;
}

/// "3 min 10 s ago"
std::string ago(const std::string& when, utc_time now) {
    const auto then = parse_rfc3339(when);
    if (!then) return {};
    return duration_text(std::max<std::int64_t>((now - *then).count(), 0) / 1000 * 1000) + " ago";
}

constexpr auto claim_ends_soon = std::chrono::days{30};

std::string since(const std::string& when, utc_time now) {
    const auto then = parse_rfc3339(when);
    return then ? " for " + duration_text(std::max<std::int64_t>((now - *then).count(), 0)) : std::string{};
}

void print_cloud(screen& out, const json& cloud, utc_time now) {
    if (!cloud.is_object()) return;
    const bool connected = truth_of(cloud, "connected", false);
    std::string words =
        out.paint(connected ? ink::good : ink::bad, connected ? "connected" : "not connected");
    words += since(text_of(cloud, "since"), now);
    const auto in_flight = number_of(cloud, "in_flight");
    if (const auto queued = number_of(cloud, "queued"); in_flight + queued > 0)
        words += ", " + count_text(in_flight, "request", "requests") + " under way, " +
                 std::to_string(queued) + " waiting";
    out.fact("cloud", words);
    const auto claim_ends = parse_rfc3339(text_of(cloud, "claim_not_after"));
    if (claim_ends && *claim_ends - now < claim_ends_soon)
        out.fact(
            "claim",
            out.paint(ink::warning,
                      "valid for " + duration_text(std::max<std::int64_t>((*claim_ends - now).count(), 0)) +
                          " more"));
    if (connected) return;
    const auto code = text_of(cloud, "trouble_code");
    if (!text_of(cloud, "trouble").empty()) out.fact("", safe_text(text_of(cloud, "trouble")));
    if (!code.empty())
        out.fact("", out.paint(ink::accent, "Next: ") + std::string{station::failure_for(code).next_action});
}

void print_orders(screen& out, const json& orders) {
    if (!orders.is_array()) return;
    for (const auto& order : orders) {
        if (!order.is_object()) continue;
        std::string words =
            safe_text(text_of(order, "order")) + ": " + std::to_string(number_of(order, "passed"));
        if (const auto quota = number_of(order, "quota"); quota > 0) words += " of " + std::to_string(quota);
        words += " passed";
        if (const auto product = text_of(order, "product"); !product.empty())
            words += " (" + safe_text(product) + ')';
        if (const auto last = text_of(order, "last_serial"); !last.empty()) {
            const auto next = text_of(order, "next_serial");
            words +=
                next.empty() ? ", no serial number left up to " : ", next " + safe_text(next) + " up to ";
            words += safe_text(last);
        }
        out.fact("order", words);
    }
}

void print_outcomes(screen& out, const char* label, const json& outcomes) {
    if (!outcomes.is_object()) return;
    std::string words;
    for (const char* outcome : {"passed", "failed", "refused", "abandoned"}) {
        const auto count = number_of(outcomes, outcome);
        if (count == 0) continue;
        if (!words.empty()) words += ", ";
        words += out.paint(ink_of(outcome), std::to_string(count) + ' ' + outcome);
    }
    out.fact(label, words.empty() ? "nothing yet" : words);
}

cell state_of(const json& slot) {
    const auto state = text_of(slot, "state");
    auto step = text_of(slot, "step");
    if (step.empty()) step = text_of(slot, "at");
    if (state == "working") return {"working" + (step.empty() ? "" : ": " + safe_text(step)), ink::accent};
    if (state == "waiting-for-cloud") return {"waiting for cloud", ink::warning};
    if (state == "waiting-for-scan") return {"waiting for its label", ink::warning};
    if (state == "empty") return {"empty", ink::faint};
    if (state == "interrupted") return {"interrupted", ink::warning};
    std::string loud = safe_text(state);
    std::transform(loud.begin(), loud.end(), loud.begin(),
                   [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
    return {loud, ink_of(state)};
}

/// What there is to say: the failure and what to do, or the thing.
std::string remark_of(const json& slot) {
    const auto code = text_of(slot, "failure_code");
    if (code.empty()) {
        auto thing = text_of(slot, "thing_name");
        return safe_text(thing.empty() ? text_of(slot, "thing") : thing);
    }
    return safe_text(code) + ": " + std::string{station::failure_for(code).next_action};
}

void print_slots(screen& out, const json& slots, utc_time now) {
    if (!slots.is_array() || slots.empty()) return out.line(out.paint(ink::faint, "No slots."));
    table rows{out, {"slot", "state", "serial", "when", "thing, or what to do"}};
    for (const auto& slot : slots) {
        if (!slot.is_object()) continue;
        const bool empty = text_of(slot, "state") == "empty";
        rows.row({safe_text(text_of(slot, "slot")), state_of(slot), safe_text(text_of(slot, "serial")),
                  empty ? "" : ago(text_of(slot, "since"), now), empty ? "" : remark_of(slot)});
    }
    rows.finish();
}

}  // namespace

void print_status(screen& out, const json& document, utc_time now) {
    const bool running = truth_of(document, "running", true);
    const bool stopping = truth_of(document, "stopping", false);
    const std::string state = !running ? "daemon not running" : stopping ? "stopping" : "running";
    out.line(out.paint(ink::strong, "Station " + safe_text(text_of(document, "station"))) + "  " +
             out.paint(running && !stopping ? ink::good : ink::warning, state) +
             (running ? since(text_of(document, "started_at"), now) : ""));
    if (running) {
        const auto name = text_of(document, "operator");
        out.fact("operator", name.empty() ? out.paint(ink::faint, "nobody signed on") : safe_text(name));
    }
    print_cloud(out, part_of(document, "cloud"), now);
    print_orders(out, part_of(document, "orders"));
    if (!truth_of(document, "ledger_writable", true))
        out.fact("ledger",
                 out.paint(ink::bad, "cannot be written: " + safe_text(text_of(document, "ledger_trouble"))));
    print_outcomes(out, "today", part_of(document, "outcomes_today"));
    print_outcomes(out, "since start", part_of(document, "outcomes"));
    if (!running) out.fact("ledger", safe_text(text_of(document, "ledger_file")));
    out.line();
    print_slots(out, part_of(document, "slots"), now);
}

}  // namespace fleetline::cli
