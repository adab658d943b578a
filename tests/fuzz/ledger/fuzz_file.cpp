// SPDX-License-Identifier: Apache-2.0
// A ledger file whose bytes were damaged. Input: patches, each three bytes of place, one of length, then so
// many bytes; a length of 0 cuts the file short there.
#include <algorithm>

#include "desk.hpp"

using namespace fleetline;

namespace {

std::string patched(std::string bytes, const std::uint8_t* data, std::size_t size) {
    while (size > 3 && !bytes.empty()) {
        const std::size_t at =
            (data[0] | data[1] << 8U | static_cast<std::size_t>(data[2]) << 16U) % bytes.size();
        const std::size_t length = std::min<std::size_t>({data[3] % 64U, size - 4, bytes.size() - at});
        if (data[3] == 0) bytes.resize(at);
        for (std::size_t i = 0; i < length; ++i) bytes[at + i] = static_cast<char>(data[4 + i]);
        data += 4 + length;
        size -= 4 + length;
    }
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = patched(fuzz::good_ledger(), data, size);
    const auto file = fuzz::scratch("ledger.db");
    fuzz::put_alone(file, bytes);
    fuzz::ask_everything(file);
    fuzz::put_alone(file, bytes);
    fuzz::start_station(file);
    return 0;
}
