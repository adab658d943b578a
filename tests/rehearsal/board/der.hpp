// SPDX-License-Identifier: Apache-2.0
// Just enough DER, PEM and base64 to make what the firmware makes, defects included. Bytes are std::string.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace fleetline::rehearsal_board {

namespace der {

std::string element(unsigned char tag, std::string_view content);
std::string sequence(std::initializer_list<std::string_view> parts);
std::string set(std::string_view content);
std::string octets(std::string_view content);
std::string bits(std::string_view content);
// From the bytes of an object identifier, without tag and length.
std::string oid(std::string_view content);
// SEQUENCE{ecdsa-with-SHA256, NULL}: the NULL does not belong there, this firmware's library writes it all
// the same.
std::string ecdsa_with_null();
// RDNSequence of one common name (UTF8String), empty if need be.
std::string common_name(std::string_view name);

}  // namespace der

std::string base64(std::string_view bytes);
// As mbedTLS decodes one line: complete groups of four only, spaces at the end are fine, anything odd is
// nothing.
std::optional<std::string> base64_line(std::string_view line);
// 64 characters a line, the given line end.
std::string pem(std::string_view label, std::string_view der, std::string_view eol);
// The body of the first PEM block in the text; empty if there is none.
std::string der_of_pem(std::string_view text);

}  // namespace fleetline::rehearsal_board
