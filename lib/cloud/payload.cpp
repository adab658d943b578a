// SPDX-License-Identifier: Apache-2.0
#include "cloud/payload.hpp"

#include <cstring>

namespace fleetline::cloud {

namespace {

// No provisioning payload nests deeper than a map in a map; nlohmann's CBOR reader recurses, so a hostile one
// could otherwise take the stack.
constexpr int deepest = 6;

class depth_guard final : public json::json_sax_t {
  public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool start_object(std::size_t) override { return ++depth_ <= deepest; }
    bool key(string_t&) override { return true; }
    bool end_object() override { return depth_-- > 0; }
    bool start_array(std::size_t) override { return ++depth_ <= deepest; }
    bool end_array() override { return depth_-- > 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

  private:
    int depth_ = 0;
};

json::input_format_t nlohmann_format(payload_format format) {
    return format == payload_format::json ? json::input_format_t::json : json::input_format_t::cbor;
}

const char* name_of(payload_format format) {
    return format == payload_format::json ? "JSON" : "CBOR";
}

}  // namespace

checked<json> read_map(payload_format format, std::string_view payload) {
    if (payload.size() > largest_payload) return reason{"it is larger than 128 KiB"};
    depth_guard guard;
    if (!json::sax_parse(payload, &guard, nlohmann_format(format))) {
        return reason{"it is not " + std::string(name_of(format)) + " (or nested without end)"};
    }
    auto value = format == payload_format::json ? json::parse(payload, nullptr, false)
                                                : json::from_cbor(payload, true, false);
    if (value.is_discarded()) return reason{"it is not " + std::string(name_of(format))};
    if (!value.is_object()) return reason{"it is not a map"};
    return value;
}

void wipe(std::string& text) {
    explicit_bzero(text.data(), text.size());
    text.clear();
}

}  // namespace fleetline::cloud
