// SPDX-License-Identifier: Apache-2.0
#include "core/payload.hpp"

#include <nlohmann/json.hpp>

#include "core/refusal.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

// Walks a document without building it and stops it at the depth where the recursive CBOR reader, and later
// the recursive writer, would eat the stack.
class depth_guard final : public nlohmann::json_sax<json> {
  public:
    static constexpr int max_depth = 32;

    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t& value) override { return is_utf8(value); }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return ++depth_ <= max_depth; }
    bool key(string_t& value) override { return is_utf8(value); }
    bool end_object() override { return --depth_ >= 0; }
    bool start_array(std::size_t) override { return ++depth_ <= max_depth; }
    bool end_array() override { return --depth_ >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    int depth_ = 0;
};

}  // namespace

json decode(std::string_view bytes, encoding format) {
    depth_guard guard;
    const auto kind = format == encoding::json ? json::input_format_t::json : json::input_format_t::cbor;
    if (!json::sax_parse(bytes, &guard, kind)) {
        throw refusal{
            400, "InvalidPayload",
            format == encoding::json ? "The payload is not valid JSON." : "The payload is not valid CBOR."};
    }
    return format == encoding::json ? json::parse(bytes) : json::from_cbor(bytes);
}

std::string encode(const json& document, encoding format) {
    if (format == encoding::json) return document.dump(-1, ' ', false, json::error_handler_t::replace);
    std::string bytes;
    json::to_cbor(document, bytes);
    return bytes;
}

}  // namespace fleetline::rehearsal
