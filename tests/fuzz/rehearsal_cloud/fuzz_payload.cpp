// SPDX-License-Identifier: Apache-2.0
// Any request payload in both formats, as far as the CSR in it.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "core/authority.hpp"
#include "core/payload.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes{reinterpret_cast<const char*>(data), size};
    for (const encoding format : {encoding::json, encoding::cbor}) {
        try {
            const nlohmann::json document = decode(bytes, format);
            encode(document, encoding::json);
            encode(document, encoding::cbor);
            const auto csr =
                document.is_object() ? document.find("certificateSigningRequest") : document.end();
            if (csr != document.end() && csr->is_string()) check_csr(csr->get<std::string>());
        } catch (const refusal&) {
        }
    }
    return 0;
}
