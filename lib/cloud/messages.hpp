// SPDX-License-Identifier: Apache-2.0
// The provisioning payloads and topics of AWS IoT Core, JSON and CBOR. Reading is strict about what we use
// (types, sizes, UTF-8, nesting) and blind to fields we do not know. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "cloud/settings.hpp"
#include "core/failure.hpp"
#include "core/secret.hpp"

namespace fleetline::cloud {

struct call_topics {
    std::string request;
    std::string accepted;
    std::string rejected;
};

call_topics create_topics(payload_format format);
call_topics keys_topics(payload_format format);
call_topics register_topics(payload_format format, std::string_view template_name);

std::string write_create_request(payload_format format, const std::string& csr_pem);
std::string write_keys_request(payload_format format);
secret write_register_request(payload_format format, const secret& ownership_token,
                              const std::map<std::string, std::string>& parameters);

/// Not checked further than its form: see proof.hpp.
struct certificate_answer {
    std::string id;
    std::string pem;
    secret ownership_token;
};

struct keys_answer {
    certificate_answer certificate;
    secret private_key_pem;
};

struct registration_answer {
    std::string thing;
    std::map<std::string, std::string> device_configuration;
};

/// The cloud's words, verbatim but made printable and cut to a sane length.
struct rejection {
    int status = 0;
    std::string error;
    std::string message;

    /// "403 AccessDenied: the hook refused it"
    std::string text() const;
};

checked<certificate_answer> read_certificate_answer(payload_format format, std::string_view payload);
checked<keys_answer> read_keys_answer(payload_format format, std::string_view payload);
checked<registration_answer> read_registration_answer(payload_format format, std::string_view payload);
checked<rejection> read_rejection(payload_format format, std::string_view payload);

}  // namespace fleetline::cloud
