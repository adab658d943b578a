// SPDX-License-Identifier: Apache-2.0
// STS: who is asking. Always the same user; the rehearsal checks no signatures.
#include "server/query_service.hpp"

namespace fleetline::rehearsal {

std::string sts_answer(const query_call& call, std::string_view action) {
    if (action != "GetCallerIdentity") {
        throw refusal{400, "InvalidAction", "sts " + std::string{action} + " is not part of the rehearsal"};
    }
    const std::string account = call.known.account();
    return element("Arn", "arn:aws:iam::" + account + ":user/rehearsal") +
           element("UserId", "AIDAREHEARSALREHEARSAL") + element("Account", account);
}

}  // namespace fleetline::rehearsal
