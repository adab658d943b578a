// SPDX-License-Identifier: Apache-2.0
// The daemon, and the way to the cloud: gone here step by step, but for the session where the daemon holds
// it.
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "cli/api_client.hpp"
#include "cli/doctor.hpp"
#include "cli/doctor_template.hpp"
#include "cli/json_view.hpp"
#include "cloud/checkup.hpp"
#include "cloud/proxy_environment.hpp"
#include "cloud_settings.hpp"
#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "station/failure_catalogue.hpp"

namespace fleetline::cli {

namespace {

struct remedy {
    std::string_view code;
    std::string_view text;
};

constexpr std::array remedies{
    remedy{"cloud-ca-unreadable",
           "Fetch https://www.amazontrust.com/repository/AmazonRootCA1.pem; [cloud] ca_file."},
    remedy{"cloud-claim-expired",
           "If the clock is right (timedatectl), have a new claim certificate made, install it with its key, "
           "then: systemctl reload fleetlined"},
    remedy{"cloud-claim-invalid",
           "Install the claim certificate and its key as PEM where [cloud] says; the key with mode 0600, "
           "owned by the user 'fleetline'."},
    remedy{"cloud-claim-mismatched", "Install the key and the certificate that were made together."},
    remedy{"cloud-claim-refused",
           "It must be known to this account and region and ACTIVE (aws iot describe-certificate), and its "
           "policy must allow iot:Connect to client/ and the station's id."},
    remedy{"cloud-claim-unavailable",
           "Run [cloud] claim_command by hand, as the user 'fleetline', and see what it says."},
    remedy{"cloud-client-id-taken",
           "Give each station a [station] id of its own; look for a second fleetlined or a test client."},
    remedy{"cloud-host-mismatched",
           "[cloud] endpoint must be what 'aws iot describe-endpoint --endpoint-type iot:Data-ATS' says; "
           "then look at DNS and /etc/hosts."},
    remedy{"cloud-name-unknown",
           "Check the name ('aws iot describe-endpoint --endpoint-type iot:Data-ATS') and the DNS server."},
    remedy{"cloud-no-answer", "Allow iot:Receive on the answer topics in the claim certificate's policy."},
    remedy{"cloud-policy-denies",
           "Allow it in the claim certificate's policy: iot:Publish and iot:Receive for topic/..., "
           "iot:Subscribe for topicfilter/..."},
    remedy{"cloud-port-blocked",
           "Let this machine out to that port (port = 443 works as well), or name a proxy."},
    remedy{"cloud-proxy-failed",
           "Check [cloud] proxy, its user and password, and that it lets CONNECT through to that port."},
    remedy{"cloud-rejected",
           "Check [[product]] template: its name, account and region, and that it is enabled."},
    remedy{"cloud-server-expired", "Look at the clock and the date first: timedatectl."},
    remedy{"cloud-server-untrusted",
           "[cloud] ca_file must be the endpoint's root (Amazon Root CA 1 for -ats endpoints). If the server "
           "is a firewall that inspects TLS, have it let this machine through."},
    remedy{"cloud-throttled", "Wait a minute and try again."},
    remedy{"cloud-unreachable",
           "Let this machine out to that port (port = 443 works as well), or name a proxy."},
    remedy{"station-clock-wrong", "Set the clock: timedatectl; then systemd-timesyncd or chrony keeps it."},
};

/// What the daemon says of itself; whether it holds (or wants) the session.
bool ask_daemon(surroundings& here, findings& into, json& cloud) try {
    const auto answer =
        api_client{here.settings().api.socket, milliseconds{1500}}.request("GET", "/api/v1/status");
    if (!answer) {
        into.push_back(
            {"daemon", health::doubtful, "does not run", "Start it: systemctl enable --now fleetlined", {}});
        return false;
    }
    const json document = json::parse(answer->body, nullptr, false);
    if (!document.is_object() || !document.contains("cloud") || !document["cloud"].is_object())
        throw command_error(exit_status::daemon_needed, "its answer makes no sense",
                            "Is it of the same version as this program?");
    cloud = document["cloud"];
    into.push_back({"daemon", health::good, "runs", {}, {}});
    return true;
} catch (const command_error& why) {
    into.push_back({"daemon", health::bad, why.what(), why.advice(), {}});
    return true;
}

void tell_session(const json& cloud, findings& into) {
    const auto text = [&cloud](const char* key) {
        const auto found = cloud.find(key);
        return found != cloud.end() && found->is_string() ? found->get<std::string>() : std::string{};
    };
    const auto connected = cloud.find("connected");
    if (connected != cloud.end() && connected->is_boolean() && connected->get<bool>()) {
        into.push_back({"cloud session", health::good, "the daemon is connected", {}, {}});
        return;
    }
    const auto code = text("trouble_code");
    const auto trouble = text("trouble");
    into.push_back({"cloud session", health::bad, trouble.empty() ? "the daemon is not connected" : trouble,
                    code.empty() ? "Look at 'journalctl -u fleetlined'." : std::string{remedy_for(code)},
                    code});
}

health health_of(cloud::checkup_step::state state) {
    switch (state) {
        case cloud::checkup_step::state::good:
            return health::good;
        case cloud::checkup_step::state::doubtful:
            return health::doubtful;
        default:
            return health::bad;
    }
}

}  // namespace

std::string_view remedy_for(std::string_view code) {
    for (const auto& one : remedies)
        if (one.code == code) return one.text;
    return station::failure_for(code).next_action;
}

void check_cloud(surroundings& here, findings& into) {
    cloud::put_proxy_environment_aside();
    json session;
    cloud::checkup_wishes wishes;
    wishes.sign_in = !ask_daemon(here, into, session);
    std::vector<cloud::checkup_step> steps;
    boost::asio::io_context io{1};
    system_time_source time;
    const logger silent(logger::target::nowhere);
    std::exception_ptr error;
    const auto keep = [&error](const std::exception_ptr& why) {
        if (why) error = why;
    };
    boost::asio::co_spawn(
        io, cloud::check_up(daemon::cloud_settings(here.settings()), time, silent, wishes, steps), keep);
    findings templates;
    boost::asio::co_spawn(io, check_templates(here, time, templates), keep);
    io.run();
    if (error) std::rethrow_exception(error);
    for (auto& step : steps)
        into.push_back({step.what, health_of(step.is), step.text,
                        step.code.empty() ? std::string{} : std::string{remedy_for(step.code)}, step.code});
    into.insert(into.end(), templates.begin(), templates.end());
    if (!session.is_null()) tell_session(session, into);
}

}  // namespace fleetline::cli
