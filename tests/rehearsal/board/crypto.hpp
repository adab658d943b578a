// SPDX-License-Identifier: Apache-2.0
// The board's cryptography: a P-256 key pair, the certificate request and the self-signed certificate as
// mbedTLS 3.1.0 writes them. Keys are PEM text (as in flash); everything else is DER. Failures throw
// std::runtime_error.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleetline::rehearsal_board {

// PKCS#8 PEM.
std::string generate_key();
// SubjectPublicKeyInfo of a private key; empty if the text is no usable key.
std::string public_key_of(const std::string& private_key_pem);
// Whether this parses as a SubjectPublicKeyInfo.
bool is_public_key(std::string_view der);

// The name as mbedTLS parses "CN=<thing_name>": none if that fails (a comma that is not escaped).
std::optional<std::string> subject_of(std::string_view thing_name);
// subject: the common name as subject_of() gave it.
std::string make_csr(const std::string& private_key_pem, std::string_view subject);
std::string make_self_signed(const std::string& private_key_pem, std::string_view subject);

// The certificate at the start of the bytes, cut to its own length; nothing if there is none.
std::optional<std::string> certificate_in(std::string_view der);
// Lower-case hex of the SHA-256.
std::string sha256_hex(std::string_view bytes);
std::string random_bytes(std::size_t count);

}  // namespace fleetline::rehearsal_board
