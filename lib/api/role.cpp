// SPDX-License-Identifier: Apache-2.0
#include "api/role.hpp"

namespace fleetline::api {

std::string_view to_text(role which) {
    switch (which) {
        case role::operator_role:
            return "operator";
        case role::engineer:
            return "engineer";
        case role::auditor:
            return "auditor";
    }
    return "";
}

std::optional<role> role_from(std::string_view text) {
    for (const role which : {role::operator_role, role::engineer, role::auditor})
        if (to_text(which) == text) return which;
    return std::nullopt;
}

}  // namespace fleetline::api
