// SPDX-License-Identifier: Apache-2.0
#include "cloud/claim.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "core/secret.hpp"
#include "x509/x509.hpp"

namespace fleetline::cloud {

namespace {

constexpr std::streamsize largest_file = 1 << 20;

checked<std::string> read_file(const std::filesystem::path& file) {
    if (file.empty()) return reason{"no file is configured"};
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return reason{file.string() + ": " + std::strerror(errno)};
    std::string text(static_cast<std::size_t>(largest_file), '\0');
    stream.read(text.data(), largest_file);
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.empty()) return reason{file.string() + " is empty"};
    return text;
}

std::optional<trouble> wrong_ca(const session_settings& settings) {
    const auto text = read_file(settings.ca_file);
    if (!text) return trouble{"cloud-ca-unreadable", "The CA file cannot be read: " + text.why_not()};
    const auto first = x509::parse_certificate(*text);
    if (first || text->find("-----BEGIN CERTIFICATE-----") != std::string::npos) return std::nullopt;
    return trouble{"cloud-ca-unreadable",
                   "The CA file " + settings.ca_file.string() + " holds no certificate: " + first.why_not()};
}

std::optional<trouble> wrong_key(const session_settings& settings, const x509::certificate& certificate) {
    auto text = read_file(settings.claim.key_file);
    if (!text) return trouble{"cloud-claim-invalid", "The claim's key cannot be read: " + text.why_not()};
    // A key in a TPM cannot be compared without the TPM; the handshake does it.
    const bool in_tpm = text->find("-----BEGIN TSS2 PRIVATE KEY-----") != std::string::npos;
    if (in_tpm) return std::nullopt;
    if (settings.claim.source == claim_source::tpm) {
        explicit_bzero(text->data(), text->size());
        return trouble{"cloud-claim-invalid", "The claim's key " + settings.claim.key_file.string() +
                                                  " is not one that the TPM holds (TSS2 PRIVATE KEY)"};
    }
    const secret key(*text);
    explicit_bzero(text->data(), text->size());
    const auto matches = x509::key_matches(key, certificate);
    if (!matches) {
        return trouble{"cloud-claim-invalid", "The claim's key " + settings.claim.key_file.string() +
                                                  " cannot be used: " + matches.why_not()};
    }
    if (*matches) return std::nullopt;
    return trouble{"cloud-claim-mismatched", "The claim's key " + settings.claim.key_file.string() +
                                                 " does not belong to the certificate " +
                                                 settings.claim.certificate_file.string()};
}

}  // namespace

std::string exposure_of(const std::filesystem::path& key_file) {
    using std::filesystem::perms;
    std::error_code error;
    const auto modes = std::filesystem::status(key_file, error).permissions();
    if (error) return {};
    const auto may = [modes](perms what) { return (modes & what) != perms::none; };
    const bool credential = key_file.string().starts_with("/run/credentials/");
    std::string who;
    if (may(perms::others_write))
        who = "anybody may change ";
    else if (may(perms::others_read))
        who = "anybody may read ";
    else if (may(perms::group_write))
        who = "its group may change ";
    else if (may(perms::group_read) && !credential)
        who = "its group may read ";
    if (who.empty()) return {};
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(modes & perms::mask));
    return who + key_file.string() + " (mode " + mode + ")";
}

claim_report check_claim(const session_settings& settings, utc_time now) {
    claim_report report;
    report.wrong = wrong_ca(settings);
    if (report.wrong) return report;
    const auto text = read_file(settings.claim.certificate_file);
    if (!text) {
        report.wrong =
            trouble{"cloud-claim-invalid", "The claim certificate cannot be read: " + text.why_not()};
        return report;
    }
    const auto certificate = x509::parse_certificate(*text);
    if (!certificate) {
        report.wrong = trouble{"cloud-claim-invalid", "The claim certificate " +
                                                          settings.claim.certificate_file.string() +
                                                          " cannot be read: " + certificate.why_not()};
        return report;
    }
    report.certificate_id = certificate->sha256;
    report.subject = certificate->subject;
    report.not_after = certificate->not_after;
    report.exposed = exposure_of(settings.claim.key_file);
    if (certificate->not_after <= now) {
        report.wrong = trouble{"cloud-claim-expired", "The claim certificate expired on " +
                                                          to_rfc3339(certificate->not_after) +
                                                          ", the station's clock says " + to_rfc3339(now)};
    } else if (certificate->not_before > now) {
        report.wrong = trouble{"station-clock-wrong", "The claim certificate is valid from " +
                                                          to_rfc3339(certificate->not_before) +
                                                          ", the station's clock says " + to_rfc3339(now)};
    } else {
        report.wrong = wrong_key(settings, *certificate);
    }
    return report;
}

}  // namespace fleetline::cloud
