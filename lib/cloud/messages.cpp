// SPDX-License-Identifier: Apache-2.0
#include "cloud/messages.hpp"

#include "cloud/payload.hpp"
#include "core/encoding.hpp"

namespace fleetline::cloud {

namespace {

constexpr std::size_t longest_text = std::size_t{16} * 1024;
constexpr std::size_t most_entries = 256;

checked<std::string> text_of(const json& map, const char* key, std::size_t longest = longest_text) {
    const auto found = map.find(key);
    if (found == map.end()) return reason{std::string(key) + " is missing"};
    if (!found->is_string()) return reason{std::string(key) + " is not a text"};
    const auto& text = found->get_ref<const std::string&>();
    if (text.empty()) return reason{std::string(key) + " is empty"};
    if (text.size() > longest) return reason{std::string(key) + " is too long"};
    if (!is_utf8(text)) return reason{std::string(key) + " is not UTF-8"};
    return text;
}

bool is_thing_name(std::string_view text) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";
    return !text.empty() && text.size() <= 128 && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string write(payload_format format, const json& value) {
    if (format == payload_format::json) return value.dump();
    std::string bytes;
    json::to_cbor(value, bytes);
    return bytes;
}

const char* suffix(payload_format format) {
    return format == payload_format::json ? "json" : "cbor";
}

call_topics topics_of(std::string request) {
    auto accepted = request + "/accepted";
    auto rejected = request + "/rejected";
    return {std::move(request), std::move(accepted), std::move(rejected)};
}

}  // namespace

call_topics create_topics(payload_format format) {
    return topics_of(std::string("$aws/certificates/create-from-csr/") + suffix(format));
}

call_topics keys_topics(payload_format format) {
    return topics_of(std::string("$aws/certificates/create/") + suffix(format));
}

call_topics register_topics(payload_format format, std::string_view template_name) {
    return topics_of("$aws/provisioning-templates/" + std::string(template_name) + "/provision/" +
                     suffix(format));
}

std::string write_create_request(payload_format format, const std::string& csr_pem) {
    json body;
    body["certificateSigningRequest"] = csr_pem;
    return write(format, body);
}

std::string write_keys_request(payload_format format) {
    return write(format, json::object());
}

secret write_register_request(payload_format format, const secret& ownership_token,
                              const std::map<std::string, std::string>& parameters) {
    json body;
    body["certificateOwnershipToken"] = std::string(ownership_token.reveal());
    body["parameters"] = parameters;
    auto bytes = write(format, body);
    secret payload(bytes);
    wipe(bytes);
    wipe(body["certificateOwnershipToken"].get_ref<std::string&>());
    return payload;
}

std::string rejection::text() const {
    auto words = status == 0 ? std::string{} : std::to_string(status);
    if (!error.empty()) words += (words.empty() ? "" : " ") + error;
    if (!message.empty()) words += (words.empty() ? "" : ": ") + message;
    return words.empty() ? "no reason given" : words;
}

namespace {

/// Takes a secret text out of the map and leaves none of it there.
checked<secret> secret_of(json& map, const char* key) {
    auto text = text_of(map, key);
    if (!text) return reason{text.why_not()};
    secret taken(*text);
    wipe(*text);
    wipe(map[key].get_ref<std::string&>());
    return taken;
}

checked<certificate_answer> certificate_in(json& map) {
    auto token = secret_of(map, "certificateOwnershipToken");
    auto id = text_of(map, "certificateId");
    if (!id) return reason{id.why_not()};
    auto pem = text_of(map, "certificatePem");
    if (!pem) return reason{pem.why_not()};
    if (!token) return reason{token.why_not()};
    certificate_answer answer;
    answer.id = std::move(*id);
    answer.pem = std::move(*pem);
    answer.ownership_token = std::move(*token);
    return answer;
}

}  // namespace

checked<certificate_answer> read_certificate_answer(payload_format format, std::string_view payload) {
    auto map = read_map(format, payload);
    if (!map) return reason{map.why_not()};
    return certificate_in(*map);
}

checked<keys_answer> read_keys_answer(payload_format format, std::string_view payload) {
    auto map = read_map(format, payload);
    if (!map) return reason{map.why_not()};
    auto key = secret_of(*map, "privateKey");
    auto certificate = certificate_in(*map);
    if (!certificate) return reason{certificate.why_not()};
    if (!key) return reason{key.why_not()};
    keys_answer answer;
    answer.certificate = std::move(*certificate);
    answer.private_key_pem = std::move(*key);
    return answer;
}

checked<registration_answer> read_registration_answer(payload_format format, std::string_view payload) {
    const auto map = read_map(format, payload);
    if (!map) return reason{map.why_not()};
    auto thing = text_of(*map, "thingName");
    if (!thing) return reason{thing.why_not()};
    if (!is_thing_name(*thing)) return reason{"thingName is not one AWS could have given"};
    registration_answer answer;
    answer.thing = std::move(*thing);
    const auto configuration = map->find("deviceConfiguration");
    if (configuration == map->end() || configuration->is_null()) return answer;
    if (!configuration->is_object()) return reason{"deviceConfiguration is not a map"};
    if (configuration->size() > most_entries) return reason{"deviceConfiguration has too many entries"};
    for (const auto& [key, value] : configuration->items()) {
        if (!value.is_string()) return reason{"deviceConfiguration holds something that is not a text"};
        const auto& text = value.get_ref<const std::string&>();
        if (!is_utf8(key) || !is_utf8(text)) return reason{"deviceConfiguration is not UTF-8"};
        answer.device_configuration.emplace(key, text);
    }
    return answer;
}

checked<rejection> read_rejection(payload_format format, std::string_view payload) {
    const auto map = read_map(format, payload);
    if (!map) return reason{map.why_not()};
    rejection result;
    const auto status = map->find("statusCode");
    if (status == map->end() || !status->is_number_integer()) return reason{"statusCode is not a number"};
    const auto number = status->get<std::int64_t>();
    if (number < 100 || number > 599) return reason{"statusCode is not a status"};
    result.status = static_cast<int>(number);
    const auto words = [&map](const char* key, std::size_t most) {
        const auto found = map->find(key);
        if (found == map->end() || !found->is_string()) return std::string{};
        return printable(found->get_ref<const std::string&>(), most);
    };
    result.error = words("errorCode", 128);
    result.message = words("errorMessage", 1024);
    return result;
}

}  // namespace fleetline::cloud
