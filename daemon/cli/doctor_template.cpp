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

/// One thing that the template's DeviceConfiguration may repeat.
struct echo {
    const char* what;     ///< the check's name
    const char* setting;  ///< of [[product]]
    const char* of;
    std::string key;    ///< as configured
    std::string value;  ///< that the template should have
};

echo serial_echo(const product& made) {
    std::string parameter = "SerialNumber";
    for (const auto& [name, text] : made.parameters)
        if (text == "{serial}") parameter = name;
    return {"template's echo", "serial_echo", "serial", made.serial_echo, parameter};
}

echo certificate_echo(const product& made) {
    return {"certificate's echo", "certificate_echo", "certificate id", made.certificate_echo,
            "AWS::IoT::Certificate::Id"};
}

const char* without(const echo& wanted) {
    return wanted.of == std::string_view("serial") ? "answers are told apart by the thing's name"
                                                   : "a board that gets a new certificate waits until no "
                                                     "late answer about its previous one can come";
}

/// Whether a value of the template becomes what is to be repeated: {"Ref": its parameter}.
bool becomes(const json& value, const echo& wanted, const product& made) {
    if (!value.is_object() || !value.contains("Ref") || !value["Ref"].is_string()) return false;
    const auto name = value["Ref"].get<std::string>();
    if (name == wanted.value) return true;
    const auto given = made.parameters.find(name);
    return wanted.of == std::string_view("serial") && given != made.parameters.end() &&
           given->second == "{serial}";
}

finding judge_template(const json& body, const product& made, const echo& wanted) {
    const auto& name = made.template_name;
    const std::string of = wanted.of;
    json configuration = json::object();
    if (body.contains("DeviceConfiguration") && body["DeviceConfiguration"].is_object())
        configuration = body["DeviceConfiguration"];
    if (wanted.key.empty()) {
        for (const auto& [other, value] : configuration.items()) {
            if (!becomes(value, wanted, made)) continue;
            return {wanted.what, health::doubtful,
                    name + " repeats the " + of + " as '" + other + "', and the station does not look at it",
                    std::string("Set ") + wanted.setting + " = \"" + other + "\" for product '" +
                        made.name.text() + "': answers are then told apart by it.",
                    "station-configuration"};
        }
        return {wanted.what, health::good, name + " repeats no " + of + "; " + without(wanted), {}, {}};
    }
    if (!configuration.contains(wanted.key))
        return {wanted.what, health::bad,
                name + " has no '" + wanted.key + "' in its DeviceConfiguration: no board of product '" +
                    made.name.text() + "' can pass",
                "Add \"" + wanted.key + "\": {\"Ref\": \"" + wanted.value +
                    "\"} to the template's DeviceConfiguration, or take [[product]] " + wanted.setting +
                    " out.",
                mismatched};
    if (!becomes(configuration[wanted.key], wanted, made))
        return {wanted.what, health::doubtful,
                "'" + wanted.key + "' of " + name + " is " + one_line(configuration[wanted.key]) +
                    ", which may not be the " + of,
                "Let it be {\"Ref\": \"" + wanted.value + "\"}.", mismatched};
    return {wanted.what, health::good, name + " repeats the " + of + " as '" + wanted.key + "'", {}, {}};
}

/// What the last board's registration shows, if there was one with this template.
std::optional<finding> judge_last_board(surroundings& here, const product& made, const echo& wanted) try {
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
            const auto& value = wanted.of == std::string_view("serial") ? row.serial : row.certificate_id;
            const bool fits = got.contains(wanted.key) && got[wanted.key] == value;
            const std::string of = std::string(wanted.of) + " as '" + wanted.key + "'";
            const auto who = row.serial + " on " + row.started_at.substr(0, 10);
            found = fits ? finding{wanted.what,
                                   health::good,
                                   made.template_name + " repeats the " + of + ": it did for " + who,
                                   {},
                                   {}}
                         : finding{wanted.what, health::doubtful,
                                   "the last answer of " + made.template_name + " did not repeat the " + of +
                                       ": that for " + who,
                                   "Unless the template was changed since, add \"" + wanted.key +
                                       "\": {\"Ref\": \"" + wanted.value + "\"} to its DeviceConfiguration.",
                                   mismatched};
        }
        return false;
    });
    return found;
} catch (const command_error&) {
    return std::nullopt;  // the ledger's own check says why
} catch (const failure&) {
    return std::nullopt;
}

finding judge_unasked(surroundings& here, const product& made, const echo& wanted,
                      const cloud::command_result& asked) {
    if (wanted.key.empty())
        return {wanted.what,
                health::good,
                "none is configured for '" + made.name.text() + "': " + without(wanted),
                {},
                {}};
    if (auto seen = judge_last_board(here, made, wanted)) return *seen;
    auto why = asked.complaint;
    while (!why.empty() && (why.back() == '\n' || why.back() == ' ')) why.pop_back();
    why.erase(0, why.find_first_not_of('\n'));
    return {
        wanted.what, health::doubtful,
        "whether " + made.template_name + " repeats the " + wanted.of + " as '" + wanted.key +
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
        if (!done.insert(made.template_name + '\n' + made.serial_echo + '\n' + made.certificate_echo).second)
            continue;
        auto words = describe(made.template_name, given.cloud.endpoint);
        const auto left = std::max(milliseconds{1}, end - time.now());
        const auto asked = co_await cloud::run_command(time, std::move(words), left);
        const auto body = template_in(asked);
        for (const auto& wanted : {serial_echo(made), certificate_echo(made)})
            into.push_back(body ? judge_template(*body, made, wanted)
                                : judge_unasked(here, made, wanted, asked));
    }
}

}  // namespace fleetline::cli
