// SPDX-License-Identifier: Apache-2.0
#include "cloud/proof.hpp"

#include "core/encoding.hpp"

namespace fleetline::cloud {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

}  // namespace

std::string certificate_flaw(const certificate_answer& answer, const x509::certificate& certificate,
                             const std::string& csr_subject, utc_time now) {
    if (certificate.sha256 != answer.id) return "its id is not the SHA-256 of the certificate";
    if (certificate.subject != csr_subject) {
        return "its subject is '" + printable(certificate.subject) + "', asked for was '" +
               printable(csr_subject) + "'";
    }
    if (certificate.not_after <= now) return "it expired on " + to_rfc3339(certificate.not_after);
    return {};
}

bool holds_serial(const std::string& thing, const std::string& serial) {
    if (serial.empty()) return false;
    for (auto at = thing.find(serial); at != std::string::npos; at = thing.find(serial, at + 1)) {
        const auto end = at + serial.size();
        const bool more_before = at > 0 && is_digit(thing[at - 1]) && is_digit(serial.front());
        const bool more_after = end < thing.size() && is_digit(thing[end]) && is_digit(serial.back());
        if (!more_before && !more_after) return true;
    }
    return false;
}

belonging belongs(const registration_answer& answer, const station::registration_request& request,
                  std::string& why) {
    const bool thing_fits = request.expected_thing.empty() ? holds_serial(answer.thing, request.serial.text())
                                                           : answer.thing == request.expected_thing.text();
    if (request.serial_echo_key.empty()) {
        return thing_fits ? belonging::mine : belonging::foreign;
    }
    const auto echo = answer.device_configuration.find(request.serial_echo_key);
    const bool echo_there = echo != answer.device_configuration.end();
    const bool echo_fits = echo_there && echo->second == request.serial.text();
    if (echo_fits && thing_fits) return belonging::mine;
    if (echo_fits) {
        why = "the cloud made thing '" + printable(answer.thing) + "' of this serial";
        return belonging::broken;
    }
    if (!echo_there && thing_fits) {
        why = "the template's DeviceConfiguration has no '" + request.serial_echo_key +
              "' that repeats the serial";
        return belonging::broken;
    }
    return belonging::foreign;
}

}  // namespace fleetline::cloud
