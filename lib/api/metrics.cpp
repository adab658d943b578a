// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.hpp"

#include <string_view>

namespace fleetline::api {

namespace {

/// A label's value, escaped as the format wants it.
std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string seconds(std::int64_t ms) {
    std::string fraction = std::to_string(1000 + ms % 1000).substr(1);
    return std::to_string(ms / 1000) + '.' + fraction;
}

void family(std::string& to, std::string_view name, std::string_view type, std::string_view help) {
    to.append("# HELP ").append(name).append(" ").append(help).append("\n");
    to.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void value(std::string& to, std::string_view name, std::string_view labels, std::int64_t number) {
    to.append(name);
    if (!labels.empty()) to.append("{").append(labels).append("}");
    to.append(" ").append(std::to_string(number)).append("\n");
}

void single(std::string& to, std::string_view name, std::string_view type, std::string_view help,
            std::int64_t number) {
    family(to, name, type, help);
    value(to, name, {}, number);
}

void print_station(std::string& to, const station::station_status& status) {
    using station::slot_state;
    family(to, "fleetline_slots", "gauge", "Slots by state.");
    for (const auto state :
         {slot_state::empty, slot_state::waiting_for_scan, slot_state::working, slot_state::waiting_for_cloud,
          slot_state::passed, slot_state::failed, slot_state::refused, slot_state::abandoned}) {
        std::int64_t count = 0;
        for (const auto& slot : status.slots) count += slot.state == state ? 1 : 0;
        value(to, "fleetline_slots", "state=" + quoted(station::to_text(state)), count);
    }
    family(to, "fleetline_attempts_total", "counter", "Attempts ended since the start, by outcome.");
    for (const auto* outcome : {"passed", "failed", "refused", "abandoned"}) {
        const auto found = status.outcomes.find(outcome);
        value(to, "fleetline_attempts_total", "outcome=" + quoted(outcome),
              found != status.outcomes.end() ? found->second : 0);
    }
    family(to, "fleetline_failures_total", "counter", "Attempts that did not pass since the start, by code.");
    for (const auto& [code, count] : status.failure_codes)
        value(to, "fleetline_failures_total", "code=" + quoted(code), count);
    single(to, "fleetline_cloud_connected", "gauge", "Whether the cloud session is up.",
           status.cloud.connected ? 1 : 0);
    single(to, "fleetline_cloud_requests_in_flight", "gauge", "Cloud requests without an answer yet.",
           static_cast<std::int64_t>(status.cloud.in_flight));
    single(to, "fleetline_cloud_requests_queued", "gauge", "Cloud requests not sent yet.",
           static_cast<std::int64_t>(status.cloud.queued));
    if (status.cloud.claim_not_after != utc_time{})
        single(to, "fleetline_claim_expiry_timestamp_seconds", "gauge",
               "When the claim certificate expires, seconds since 1970.",
               status.cloud.claim_not_after.time_since_epoch().count() / 1000);
    single(to, "fleetline_ledger_writable", "gauge", "Whether the last ledger commit worked.",
           status.ledger_writable ? 1 : 0);
    family(to, "fleetline_order_passed", "gauge", "Boards passed, of each open work order.");
    for (const auto& order : status.orders)
        value(to, "fleetline_order_passed", "order=" + quoted(order.order.text()), order.passed);
    family(to, "fleetline_order_quota", "gauge", "Boards wanted, of each open work order; 0: no limit.");
    for (const auto& order : status.orders)
        value(to, "fleetline_order_quota", "order=" + quoted(order.order.text()), order.quota);
}

void by_topic(std::string& to, std::string_view name, std::string_view label, std::string_view help,
              const std::map<std::string, std::map<std::string, std::int64_t>>& counts) {
    family(to, name, "counter", help);
    for (const auto& [topic, each] : counts) {
        for (const auto& [what, count] : each)
            value(to, name, "topic=" + quoted(topic) + "," + std::string(label) + "=" + quoted(what), count);
    }
}

void print_cloud(std::string& to, const cloud_counters& cloud) {
    single(to, "fleetline_cloud_connects_total", "counter", "Sessions with the cloud that came up.",
           cloud.connects);
    single(to, "fleetline_cloud_connects_failed_total", "counter", "Attempts to connect that failed.",
           cloud.connects_failed);
    single(to, "fleetline_cloud_losses_total", "counter", "Sessions that were lost.", cloud.losses);
    by_topic(to, "fleetline_cloud_requests_total", "event", "What became of requests to the cloud.",
             cloud.requests);
    by_topic(to, "fleetline_cloud_strays_total", "kind", "Answers that no waiting request was given.",
             cloud.strays);
}

}  // namespace

void histogram::add(milliseconds duration) {
    const auto ms = std::max<std::int64_t>(duration.count(), 0);
    std::size_t slot = 0;
    while (slot < bounds_ms.size() && ms > bounds_ms[slot]) ++slot;
    ++counts_[slot];
    sum_ms_ += ms;
}

void histogram::print(std::string& to, const std::string& name, const std::string& labels) const {
    const std::string front = labels.empty() ? "" : labels + ",";
    std::int64_t total = 0;
    for (std::size_t i = 0; i < bounds_ms.size(); ++i) {
        total += counts_[i];
        value(to, name + "_bucket", front + "le=" + quoted(seconds(bounds_ms[i])), total);
    }
    total += counts_.back();
    value(to, name + "_bucket", front + "le=\"+Inf\"", total);
    to += name + "_sum" + (labels.empty() ? "" : "{" + labels + "}") + ' ' + seconds(sum_ms_) + '\n';
    value(to, name + "_count", labels, total);
}

void metrics::commit_took(milliseconds duration, std::int64_t events) {
    commits_.add(duration);
    events_ += events;
}

std::string metrics::text(const station::station_status& status, const traffic& now,
                          const cloud_counters* cloud, const ledger_backlog* ledger) const {
    std::string out;
    family(out, "fleetline_build_info", "gauge", "The version that runs.");
    value(out, "fleetline_build_info",
          "version=" + quoted(FLEETLINE_VERSION) + ",station=" + quoted(status.station), 1);
    family(out, "fleetline_start_time_seconds", "gauge", "When the daemon started.");
    out += "fleetline_start_time_seconds " + seconds(status.started_at.time_since_epoch().count()) + '\n';
    print_station(out, status);
    if (cloud != nullptr) print_cloud(out, *cloud);
    family(out, "fleetline_step_duration_seconds", "histogram", "How long each step of an attempt took.");
    for (const auto& [step, times] : steps_)
        times.print(out, "fleetline_step_duration_seconds", "step=" + quoted(station::to_text(step)));
    family(out, "fleetline_ledger_commit_seconds", "histogram", "How long ledger commits took.");
    commits_.print(out, "fleetline_ledger_commit_seconds", {});
    single(out, "fleetline_ledger_events_total", "counter", "Ledger events written since the start.",
           events_);
    if (ledger != nullptr) {
        single(out, "fleetline_ledger_queued", "gauge",
               "Events and questions that wait for the ledger's thread.",
               static_cast<std::int64_t>(ledger->queued));
        single(out, "fleetline_ledger_kept", "gauge",
               "Ledger events kept in memory because they could not be written so far.",
               static_cast<std::int64_t>(ledger->kept));
    }
    family(out, "fleetline_http_responses_total", "counter", "Answers of the API, by status.");
    for (const auto& [status_code, count] : answers_)
        value(out, "fleetline_http_responses_total", "status=" + quoted(std::to_string(status_code)), count);
    single(out, "fleetline_http_connections", "gauge", "Open connections of the API.",
           static_cast<std::int64_t>(now.connections));
    single(out, "fleetline_http_connections_refused_total", "counter",
           "Connections turned away because there were too many.", now.connections_refused);
    single(out, "fleetline_live_clients", "gauge", "Pages with a live feed.",
           static_cast<std::int64_t>(now.live));
    single(out, "fleetline_http_questions", "gauge",
           "Questions to the ledger, and lists to be read, that are not answered yet.",
           static_cast<std::int64_t>(now.questions));
    single(out, "fleetline_live_queued", "gauge", "Messages that wait for pages to take them.",
           static_cast<std::int64_t>(now.live_waiting));
    single(out, "fleetline_live_queued_longest", "gauge",
           "Messages that wait for the page that is furthest behind.",
           static_cast<std::int64_t>(now.live_behind));
    single(out, "fleetline_live_dropped_total", "counter",
           "Live feeds dropped because their page was too slow.", now.live_dropped);
    return out;
}

}  // namespace fleetline::api
