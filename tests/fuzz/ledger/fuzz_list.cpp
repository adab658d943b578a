// SPDX-License-Identifier: Apache-2.0
// A list of serial numbers that somebody imports, in every form: all of it can be serial numbers, each said
// once, or none of it is taken and it says why.
#include <set>

#include "api/serial_list.hpp"
#include "core/encoding.hpp"
#include "desk.hpp"

using namespace fleetline;

namespace {

void check(const api::serial_list& list, std::string_view body) {
    if (list.serials.size() != (list.bad_count == 0 ? list.lines.size() : 0))
        fuzz::wrong("half a list", body);
    if (list.serials.empty() == list.bad.empty()) fuzz::wrong("no list and no reason", body);
    for (const auto& bad : list.bad)
        if (bad.line < 1 || !is_utf8(bad.text)) fuzz::wrong("no reason", body);
    std::set<std::string> all;
    for (const auto& serial : list.serials)
        if (!is_utf8(serial.text()) || serial.text().size() > 128 ||
            printable(serial.text(), 1000) != serial.text() || !all.insert(serial.text()).second)
            fuzz::wrong("no serial number", body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(reinterpret_cast<const char*>(data), size);
    for (const char* type : {"text/csv", "application/jsonl", "application/json"})
        check(api::parse_serial_list(type, body), body);
    return 0;
}
