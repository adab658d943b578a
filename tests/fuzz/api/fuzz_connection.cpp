// SPDX-License-Identifier: Apache-2.0
// Any bytes on a connection: first line "u" (the Unix socket's engineer) or anything else (loopback), then
// what the client says. Requests in turn, bodies, chunks, whatever is none of these.
#include "bench.hpp"

using namespace fleetline;
using namespace fleetline::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto& on = bench::once();
    std::string_view input{reinterpret_cast<const char*>(data), size};
    using way = api::peer::way;
    const bool local = line_of(input) == "u";
    const api::peer from =
        local ? api::peer{way::unix_socket, 0, true, 0} : api::peer{way::loopback, 0, false, 8089};
    check_heads(on.converse(from, input));
    return 0;
}
