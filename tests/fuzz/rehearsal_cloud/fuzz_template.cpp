// SPDX-License-Identifier: Apache-2.0
// Any template body, checked as at creation and, where it passes, evaluated with parameters taken from the
// input's tail.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/provisioning_template.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    const std::size_t cut = text.rfind('\n');
    const std::string body = text.substr(0, cut);
    const std::string value = cut == std::string::npos ? "SN1" : text.substr(cut + 1);
    try {
        check_template(body);
        plan_of(body, {{"SerialNumber", value}, {"A", value}, {"B", "x"}}, std::string(64, 'a'));
    } catch (const refusal&) {
    }
    return 0;
}
