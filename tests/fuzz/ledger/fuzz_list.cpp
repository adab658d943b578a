// SPDX-License-Identifier: Apache-2.0
// A list of serial numbers that somebody imports, in every form.
#include "api/serial_list.hpp"
#include "scratch.hpp"

using namespace fleetline;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(reinterpret_cast<const char*>(data), size);
    for (const char* type : {"text/csv", "application/jsonl", "application/json"})
        api::parse_serial_list(type, body);
    return 0;
}
