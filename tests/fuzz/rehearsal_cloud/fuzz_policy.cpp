// SPDX-License-Identifier: Apache-2.0
// Any policy document, and any topic asked of it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/policy.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const std::size_t cut = text.rfind('\n');
    const std::string topic = cut == std::string::npos ? "thing/x" : text.substr(cut + 1);
    static const string_map variables = {{"iot:ClientId", "thing"},
                                         {"iot:Connection.Thing.IsAttached", "true"},
                                         {"aws:SourceIp", "127.0.0.1"},
                                         {"iot:ConnectAttributes", "LastWill"}};
    try {
        const policy_document document = parse_policy(text.substr(0, cut));
        const policy_document* const one = &document;
        for (const char* action : {"iot:Connect", "iot:Publish", "iot:Subscribe"}) {
            evaluate({&one, 1}, {action, "arn:aws:iot:r:1:topic/" + topic, variables});
        }
    } catch (const refusal&) {
    }
    return 0;
}
