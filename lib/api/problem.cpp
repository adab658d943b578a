// SPDX-License-Identifier: Apache-2.0
#include "api/problem.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "station/failure_catalogue.hpp"

namespace fleetline::api {

namespace {

struct pairing {
    std::string_view code;
    int status;
};

constexpr std::array exact{
    pairing{"already-provisioned", 409},
    pairing{"station-request-invalid", 400},
    pairing{"station-request-unauthenticated", 401},
    pairing{"station-request-denied", 403},
    pairing{"station-request-not-found", 404},
    pairing{"station-request-method", 405},
    pairing{"station-request-timeout", 408},
    pairing{"station-request-too-large", 413},
    pairing{"station-request-media-type", 415},
    pairing{"station-request-upgrade", 426},
    pairing{"station-request-header-too-large", 431},
    pairing{"station-request-too-many", 503},
    pairing{"station-request-not-available", 501},
    pairing{"station-stopping", 503},
    pairing{"station-ledger-unwritable", 503},
    pairing{"station-slot-unknown", 404},
    pairing{"station-slot-busy", 409},
};

response document(std::string_view code, int status, std::string_view detail) {
    const auto& entry = station::failure_for(code);
    nlohmann::ordered_json body;
    body["type"] = "urn:fleetline:failure:" + std::string{entry.code};
    body["title"] = entry.text;
    body["status"] = status;
    if (!detail.empty()) body["detail"] = detail;
    body["code"] = entry.code;
    body["next_action"] = entry.next_action;
    body["retry_can_help"] = entry.retry_can_help;
    response answer{status, "application/problem+json",
                    body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
    // A line for each: Chromium reads but the first challenge of a line, and asks for a password at Basic
    // only.
    if (status == 401) {
        answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"fleetline\"");
        answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"fleetline\", charset=\"UTF-8\"");
    }
    if (status == 503) answer.headers.emplace_back("Retry-After", "2");
    return answer;
}

}  // namespace

int status_of(std::string_view code) {
    for (const auto& [known, status] : exact)
        if (known == code) return status;
    if (code.starts_with("order-") || code.starts_with("device-") || code.starts_with("port-")) return 409;
    if (code.starts_with("cloud-")) return 503;
    return 500;
}

response problem(std::string_view code, std::string_view detail) {
    return document(code, status_of(code), detail);
}

response problem(const failure& why) {
    const int status = status_of(why.code());
    // Our own mistakes are told to the log, not to the network.
    if (status == 500 && why.code() == "station-internal") return document(why.code(), status, {});
    std::string detail = why.reason();
    if (!why.subject().empty()) detail = why.subject() + ": " + detail;
    return document(why.code(), status, detail);
}

response problem_of(std::exception_ptr error, const std::string& path, const logger& log) {
    try {
        std::rethrow_exception(std::move(error));
    } catch (const failure& why) {
        if (status_of(why.code()) >= 500) log.error(why.what(), {{"CODE", why.code()}, {"PATH", path}});
        return problem(why);
    } catch (const std::exception& why) {
        log.error("Answering " + path + ": " + why.what(), {{"CODE", "station-internal"}, {"PATH", path}});
        return problem("station-internal", {});
    }
}

}  // namespace fleetline::api
