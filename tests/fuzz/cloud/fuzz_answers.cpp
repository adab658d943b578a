// SPDX-License-Identifier: Apache-2.0
// Any bytes as each answer, in both formats, and as a line of the trace.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cloud/messages.hpp"
#include "cloud/proof.hpp"
#include "cloud/trace.hpp"
#include "core/encoding.hpp"

using namespace fleetline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const auto format : {cloud::payload_format::json, cloud::payload_format::cbor}) {
        (void)cloud::read_certificate_answer(format, bytes);
        (void)cloud::read_keys_answer(format, bytes);
        const auto registered = cloud::read_registration_answer(format, bytes);
        if (registered) {
            station::registration_request request;
            request.serial = serial_number("SN1");
            request.serial_echo_key = size % 2 == 0 ? "serial" : "";
            request.certificate_echo_key = size % 3 == 0 ? "certificate" : "";
            std::string why;
            (void)cloud::belongs(*registered, request, why);
        }
        const auto refused = cloud::read_rejection(format, bytes);
        if (refused && (!is_utf8(refused->text()) || refused->text().size() > 8192)) std::abort();
        if (!is_utf8(cloud::traced(format, bytes))) std::abort();
    }
    return 0;
}
