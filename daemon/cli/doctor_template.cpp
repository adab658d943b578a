// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_template.hpp"

#include <cstdlib>
#include <optional>
#include <set>

#include "cli/json_view.hpp"
#include "cloud/command.hpp"
#include "core/failure.hpp"

namespace fleetline::cli {

namespace asio = boost::asio;

namespace {

constexpr milliseconds ask_limit{10'000};  // beside the way to the cloud, which takes as long
constexpr const char* what = "template's echo";
constexpr const char* mismatched = "cloud-answer-mismatched";

using product = config::product_section;

// https://docs.aws.amazon.com/general/latest/gr/iot-core.html: NAME-ats.iot.REGION.amazonaws.com
std::string region_of(const std::string& endpoint) {
    const auto before = endpoint.find(".iot.");
    const auto after = endpoint.find(".amazonaws.com");
    if (before == std::string::npos || after == std::string::npos || after < before + 5) return {};
    return endpoint.substr(before + 5, after - before - 5);
}

std::vector<std::string> describe(const std::string& name, const std::string& endpoint) {
    // Off AWS's own machines the look-up of a role only costs time.
    std::vector<std::string> words{
        "env", "AWS_EC2_METADATA_DISABLED=true", "AWS_MAX_ATTEMPTS=1", "AWS_PAGER=", "aws",
        "iot", "describe-provisioning-template", "--output",           "json",       "--template-name",
        name};
    const auto region = region_of(endpoint);
    if (!region.empty()) words.insert(words.end(), {"--region", region});
    const char* const other_cloud = std::getenv("AWS_ENDPOINT_URL");
    if (other_cloud != nullptr) words.insert(words.end(), {"--endpoint-url", other_cloud});
    return words;
}

/// The template's text, or nothing if AWS would not say.
std::optional<json> template_in(const cloud::command_result& asked) {
    if (!asked.ended || asked.status != 0) return std::nullopt;
    const auto answer = json::parse(asked.output.reveal(), nullptr, false);
    if (!answer.is_object() || !answer.contains("templateBody") || !answer["templateBody"].is_string())
        return std::nullopt;
    auto body = json::parse(answer["templateBody"].get<std::string>(), nullptr, false);
    if (!body.is_object()) return std::nullopt;
    return body;
}

/// Whether a value of the template becomes the serial number: {"Ref": a parameter that is the serial}.
bool becomes_serial(const json& value, const product& made) {
    if (!value.is_object() || !value.contains("Ref") || !value["Ref"].is_string()) return false;
    const auto given = made.parameters.find(value["Ref"].get<std::string>());
    return given != made.parameters.end() && given->second == "{serial}";
}

finding good(std::string text) {
    return {what, health::good, std::move(text), {}, {}};
}

finding judge_template(const json& body, const product& made) {
    const auto& name = made.template_name;
    const auto& key = made.serial_echo;
    json configuration = json::object();
    if (body.contains("DeviceConfiguration") && body["DeviceConfiguration"].is_object())
        configuration = body["DeviceConfiguration"];
    if (key.empty()) {
        for (const auto& [other, value] : configuration.items()) {
            if (!becomes_serial(value, made)) continue;
            return {what, health::doubtful,
                    name + " repeats the serial as '" + other + "', and the station does not look at it",
                    "Set serial_echo = \"" + other + "\" for product '" + made.name.text() +
                        "': answers are then told apart by it.",
                    "station-configuration"};
        }
        return good(name + " repeats no serial; answers are told apart by the thing's name");
    }
    if (!configuration.contains(key))
        return {what, health::bad,
                name + " has no '" + key + "' in its DeviceConfiguration: no board of product '" +
                    made.name.text() + "' can pass",
                "Add \"" + key +
                    "\": {\"Ref\": \"SerialNumber\"} to the template's DeviceConfiguration, or "
                    "take [[product]] serial_echo out.",
                mismatched};
    if (!becomes_serial(configuration[key], made))
        return {what, health::doubtful,
                "'" + key + "' of " + name + " is " + one_line(configuration[key]) +
                    ", which may not be the serial number",
                "Let it be {\"Ref\": NAME}, NAME being the parameter that is \"{serial}\" in "
                "[product.parameters].",
                mismatched};
    return good(name + " repeats the serial as '" + key + "'");
}

/// What the last board's registration shows, if there was one with this template.
std::optional<finding> judge_last_board(surroundings& here, const product& made) try {
    std::optional<finding> found;
    ledger::filter last;
    last.product = made.name.text();
    last.outcome = "passed";
    last.limit = 1;
    const auto& ledger = here.ledger();
    ledger.attempts(last, [&](const ledger::attempt_row& row) {
        if (row.template_name != made.template_name) return false;
        for (const auto& event : ledger.events_of(row.attempt_id)) {
            if (event.kind != "registered") continue;
            const auto payload = json::parse(event.payload_json, nullptr, false);
            if (!payload.is_object() || !payload.contains("device_configuration")) continue;
            const auto& got = payload["device_configuration"];
            const bool fits = got.contains(made.serial_echo) && got[made.serial_echo] == row.serial;
            if (fits)
                found = good(made.template_name + " repeats the serial as '" + made.serial_echo +
                             "': " + row.serial + " got it on " + row.started_at.substr(0, 10));
        }
        return false;
    });
    return found;
} catch (const command_error&) {
    return std::nullopt;  // the ledger's own check says why
} catch (const failure&) {
    return std::nullopt;
}

finding judge_unasked(surroundings& here, const product& made, const cloud::command_result& asked) {
    if (made.serial_echo.empty())
        return good("none is configured for '" + made.name.text() +
                    "': answers are told apart by the thing's name");
    if (auto seen = judge_last_board(here, made)) return *seen;
    auto why = asked.complaint;
    while (!why.empty() && (why.back() == '\n' || why.back() == ' ')) why.pop_back();
    why.erase(0, why.find_first_not_of('\n'));
    return {
        what, health::doubtful,
        "whether " + made.template_name + " repeats the serial as '" + made.serial_echo +
            "' is not known: no board has been registered with it, and AWS did not say (" + why + ")",
        "Run it as somebody whose AWS CLI may iot:DescribeProvisioningTemplate; or the first board tells.",
        mismatched};
}

}  // namespace

asio::awaitable<void> check_templates(surroundings& here, time_source& time, findings& into) {
    const auto& given = here.settings();
    std::set<std::string> done;
    const auto end = time.now() + ask_limit;
    for (const auto& made : given.products) {
        if (!done.insert(made.template_name + '\n' + made.serial_echo).second) continue;
        auto words = describe(made.template_name, given.cloud.endpoint);
        const auto left = std::max(milliseconds{1}, end - time.now());
        const auto asked = co_await cloud::run_command(time, std::move(words), left);
        const auto body = template_in(asked);
        into.push_back(body ? judge_template(*body, made) : judge_unasked(here, made, asked));
    }
}

}  // namespace fleetline::cli
