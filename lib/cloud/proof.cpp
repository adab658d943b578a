// SPDX-License-Identifier: Apache-2.0
#include "cloud/proof.hpp"

#include "core/encoding.hpp"

namespace fleetline::cloud {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// What an answer's DeviceConfiguration repeats of the request.
enum class echo { unasked, missing, fits, of_another };

echo echo_in(const registration_answer& answer, const std::string& key, const std::string& value) {
    if (key.empty()) return echo::unasked;
    const auto found = answer.device_configuration.find(key);
    if (found == answer.device_configuration.end()) return echo::missing;
    return found->second == value ? echo::fits : echo::of_another;
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
    const auto certificate = echo_in(answer, request.certificate_echo_key, request.certificate.text());
    const auto serial = echo_in(answer, request.serial_echo_key, request.serial.text());
    if (certificate == echo::of_another) return belonging::foreign;
    if (serial == echo::of_another) {
        if (certificate != echo::fits) return belonging::foreign;
        why = "the cloud registered this board's certificate with another serial";
        return belonging::broken;
    }
    const bool named = certificate == echo::fits || serial == echo::fits;
    if (certificate == echo::missing || serial == echo::missing) {
        if (!named && !thing_fits) return belonging::foreign;
        why =
            "the template's DeviceConfiguration has no '" +
            (certificate == echo::missing ? request.certificate_echo_key + "' that repeats the certificate id"
                                          : request.serial_echo_key + "' that repeats the serial");
        return belonging::broken;
    }
    if (thing_fits) return belonging::mine;
    if (!named) return belonging::foreign;
    why = "the cloud made thing '" + printable(answer.thing) + "' of this serial";
    return belonging::broken;
}

}  // namespace fleetline::cloud
