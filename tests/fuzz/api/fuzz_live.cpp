// SPDX-License-Identifier: Apache-2.0
// A page's live feed: first line what it saw last (as it stands in the query; "@" is this run's epoch), then
// any bytes as WebSocket frames.
#include <nlohmann/json.hpp>

#include "bench.hpp"

using namespace fleetline;
using namespace fleetline::fuzz;

namespace {

constexpr std::string_view upgrade_end =
    " HTTP/1.1\r\nHost: localhost:8089\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// The payload of the first frame after the upgrade's answer; empty: there is none.
std::string_view first_frame(std::string_view told) {
    const auto end = told.find("\r\n\r\n");
    if (end == std::string_view::npos || told.size() < end + 8) return {};
    told.remove_prefix(end + 4);
    const auto byte = [&told](std::size_t at) { return static_cast<unsigned char>(told[at]); };
    std::size_t length = byte(1) & 127U;
    const std::size_t head = length == 126 ? 4 : 2;
    if (length == 126) length = byte(2) * 256U + byte(3);
    if (byte(0) != 0x81 || told.size() < head + length) return {};
    return told.substr(head, length);
}

const std::string& epoch(bench& on) {
    static const std::string found = [&on] {
        const std::string ask = "GET /api/v1/live" + std::string{upgrade_end};
        const auto told = on.converse({api::peer::way::loopback, 0, false, 8089}, ask);
        return nlohmann::json::parse(first_frame(told)).at("epoch").get<std::string>();
    }();
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto& on = bench::once();
    const auto& this_run = epoch(on);
    on.change();
    std::string_view frames{reinterpret_cast<const char*>(data), size};
    std::string since{line_of(frames)};
    if (const auto at = since.find('@'); at != std::string::npos) since.replace(at, 1, this_run);
    const std::string said =
        "GET /api/v1/live?since=" + since + std::string{upgrade_end} + std::string{frames};
    const auto told = on.converse({api::peer::way::loopback, 0, false, 8089}, said);
    check_heads(told);
    if (!told.starts_with("HTTP/1.1 101")) return 0;
    const auto first = first_frame(told);
    if (!first.empty() && nlohmann::json::parse(first, nullptr, false).is_discarded())
        wrong("no JSON", first);
    return 0;
}
