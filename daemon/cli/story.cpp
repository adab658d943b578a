// SPDX-License-Identifier: Apache-2.0
#include "cli/story.hpp"

#include <array>
#include <cstdlib>
#include <map>
#include <string_view>

#include "cli/json_view.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

/// A member of the payload as safe text; empty when it is not there.
std::string part(const json& payload, const char* key) {
    const auto found = payload.find(key);
    if (found == payload.end() || found->is_null()) return {};
    if (found->is_string()) return safe_text(found->get_ref<const std::string&>());
    return safe_text(one_line(*found));
}

/// " LABEL VALUE", or nothing without a value.
std::string with(std::string_view label, const std::string& value) {
    return value.empty() ? std::string{} : std::string{label} + value;
}

/// "sent after 12 ms, acknowledged after …", of the ask that those members end in ("-2") or of the last one.
std::string ask_told(const json& times, const std::string& number) {
    std::string told;
    for (const auto* what : {"sent", "acknowledged", "answered"}) {
        const auto found = times.find(what + number);
        if (found == times.end() || !found->is_number_integer()) continue;
        told += (told.empty() ? "" : ", ") + std::string(what) + " after " +
                duration_text(found->get<std::int64_t>());
    }
    return told;
}

/// What happened to a request to the cloud, each time it was asked, if that is recorded.
std::string request_told(const json& payload) {
    const auto times = payload.find("request_ms");
    if (times == payload.end() || !times->is_object()) return {};
    std::map<int, std::string> earlier;
    for (const auto& [name, when] : times->items()) {
        constexpr std::string_view sent = "sent-";
        if (!name.starts_with(sent)) continue;
        const auto number = name.substr(sent.size());
        earlier[std::atoi(number.c_str())] = ask_told(*times, "-" + number);
    }
    std::string told;
    for (const auto& [number, ask] : earlier) told += ask + "; again ";
    told += ask_told(*times, {});
    return told.empty() ? told : " (request " + told + ')';
}

std::string tell_attempt(const std::string& kind, const json& of) {
    if (kind == "attempt-started")
        return "plugged into " + part(of, "slot") + with(", product ", part(of, "product")) +
               with(", port ", part(of, "port"));
    if (kind == "identified")
        return "the board is " + part(of, "serial") + with(" (serial from ", part(of, "serial_source")) +
               "), " + part(of, "dialect") + with(", firmware ", part(of, "firmware_version"));
    if (kind == "serial-assigned")
        return "serial number " + part(of, "serial") + " handed out by order " + part(of, "order");
    if (kind == "admitted")
        return "admitted" + with(" to order ", part(of, "order")) +
               with(", operator ", part(of, "operator_name")) +
               (part(of, "rework") == "true" ? ", as a rework" : "");
    if (kind == "resumed")
        return (part(of, "from") == part(of, "attempt") ? "goes on with the board that is back"
                                                        : "goes on from an earlier attempt") +
               with(" that got to ", part(of, "stage")) + with(": ", part(of, "action"));
    if (kind == "attempt-finished")
        return part(of, "outcome") + with(": ", part(of, "failure_code")) +
               with(" in step ", part(of, "failure_step")) + request_told(of);
    return {};
}

std::string tell_credential(const std::string& kind, const json& of) {
    const std::string certificate = part(of, "certificate").substr(0, 12);
    if (kind == "csr-made")
        return "key " + key_origin_text(part(of, "key_origin")) +
               (part(of, "csr_sha256").empty() ? "" : ", certificate request made");
    if (kind == "issue-requested") return "certificate asked of the cloud";
    if (kind == "issued")
        return "certificate " + certificate + " handed out" +
               with(", valid until ", time_text(part(of, "not_after")).substr(0, 10)) + request_told(of);
    if (kind == "registration-requested")
        return "registration asked of the cloud" + with(", template ", part(of, "template_name"));
    if (kind == "registered") return "registered as thing " + part(of, "thing") + request_told(of);
    if (kind == "delivery-started") return "writing it into the board";
    if (kind == "delivered") return "the board has taken it";
    if (kind == "proved") return "proved: " + proof_text(part(of, "proof"));
    if (kind == "certificate-set-aside")
        return "certificate " + (certificate.empty() ? "(id not known)" : certificate) + " set aside as " +
               part(of, "state") + with(": ", part(of, "why"));
    if (kind == "registration-unaccounted")
        return "an answer that registers thing " + part(of, "thing") + " was not taken" +
               with(": ", part(of, "why"));
    if (kind == "certificate-revoked")
        return "certificate " + certificate + " revoked" + with(" by ", part(of, "by")) +
               with(": ", part(of, "note"));
    return {};
}

std::string tell_order(const std::string& kind, const json& of) {
    if (kind == "rework-authorised")
        return "rework authorised by " + part(of, "by") + with(": ", part(of, "reason"));
    return {};
}

}  // namespace

std::string tell(const ledger::event_row& event) {
    json payload = json::parse(event.payload_json, nullptr, false);
    if (!payload.is_object()) payload = json::object();
    for (const auto& teller : {tell_attempt, tell_credential, tell_order}) {
        if (auto words = teller(event.kind, payload); !words.empty()) return words;
    }
    return safe_text(event.kind);  // of a newer version: its name must do
}

std::string standing_of(const ledger::device_row& device) {
    if (device.outcome.empty()) return "under way";
    // Its certificate may have been revoked since: it has passed all the same.
    const bool has_passed = device.stage == "passed" || !device.certificate_id.empty();
    return device.outcome == "refused" && has_passed ? "passed" : device.outcome;
}

std::string key_origin_text(std::string_view origin) {
    if (origin == "device") return "made by the board";
    if (origin == "station") return "made by the station";
    if (origin == "cloud") return "made by the cloud";
    return safe_text(origin);
}

std::string proof_text(std::string_view proof) {
    if (proof == "readback") return "read back from the board and compared";
    if (proof == "digest") return "the board's digest of it is right";
    if (proof == "signature") return "the board signed with the key";
    if (proof == "first-connect") return "the board connected to the cloud with it";
    return safe_text(proof);
}

}  // namespace fleetline::cli
