// SPDX-License-Identifier: Apache-2.0
#include "api/routes.hpp"

#include <algorithm>
#include <array>

#include "api/handlers.hpp"

namespace fleetline::api {

namespace {

// schema/openapi.yaml describes each; a test compares the two.
constexpr std::array table{
    route{"GET", "/api/v1/status", everyone, get_status},
    route{"GET", "/api/v1/slots", everyone, get_slots},
    route{"GET", "/api/v1/me", everyone, get_me},
    route{"GET", "/api/v1/devices", everyone, get_devices},
    route{"GET", "/api/v1/attempts", everyone, get_attempts},
    route{"GET", "/api/v1/attempts/{id}", everyone, get_attempt},
    route{"GET", "/api/v1/attempts/{id}/transcript", reading, get_transcript},
    route{"GET", "/api/v1/orders", everyone, get_orders},
    route{"GET", "/api/v1/stats", everyone, get_stats},
    route{"GET", "/api/v1/report", reading, get_report},
    route{"GET", "/api/v1/live", everyone, nullptr},
    route{"POST", "/api/v1/scan", acting, post_scan, route::takes::object},
    route{"POST", "/api/v1/operator", acting, post_operator, route::takes::object},
    route{"POST", "/api/v1/slots/{slot}/retry", acting, post_retry, route::takes::object},
    route{"POST", "/api/v1/rework", engineers, post_rework, route::takes::object},
    route{"POST", "/api/v1/orders", engineers, post_order, route::takes::object},
    route{"POST", "/api/v1/orders/{order}/close", engineers, post_order_close, route::takes::object},
    route{"POST", "/api/v1/orders/{order}/serials", engineers, post_order_serials, route::takes::list},
    route{"GET", "/metrics", everyone, get_metrics},
    route{"GET", "/healthz", public_to_all, get_health},
};

std::string_view first_segment(std::string_view& path) {
    path.remove_prefix(1);  // the slash
    const auto end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

}  // namespace

std::span<const route> routes() {
    return table;
}

bool matches(std::string_view pattern, std::string_view path, text_map& parameters) {
    text_map found;
    while (!pattern.empty() && !path.empty()) {
        const auto wanted = first_segment(pattern);
        const auto given = first_segment(path);
        if (wanted.starts_with('{')) {
            if (given.empty()) return false;
            found.emplace(wanted.substr(1, wanted.size() - 2), given);
        } else if (wanted != given) {
            return false;
        }
    }
    if (!pattern.empty() || !path.empty()) return false;
    parameters = std::move(found);
    return true;
}

}  // namespace fleetline::api
