// SPDX-License-Identifier: Apache-2.0
#include "report/signed_report.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

#include "ledger/signed_file.hpp"
#include "ledger/station_key.hpp"

namespace fleetline::report {

namespace fs = std::filesystem;

fs::path signature_file(const fs::path& report) {
    return report.string() + ".p7s";
}

fs::path certificate_file(const fs::path& report) {
    return report.string() + ".station.pem";
}

void commit_signed(output& report, const fs::path& file, const ledger::station_key& key,
                   const manifest& what) {
    report.flush();
    auto signature = output::to_file(signature_file(file));
    signature.write(ledger::sign_file(key, report.unfinished(), to_json_text(what)));
    auto certificate = output::to_file(certificate_file(file));
    certificate.write(key.certificate_pem());
    for (auto* one : {&certificate, &signature, &report}) one->settle();
    try {
        certificate.commit();
        signature.commit();
        report.commit();
    } catch (...) {
        ::unlink(signature_file(file).c_str());
        ::unlink(certificate_file(file).c_str());
        throw;
    }
}

void remove_signature(const fs::path& report) {
    for (const auto& file : {signature_file(report), certificate_file(report)})
        if (::unlink(file.c_str()) != 0 && errno != ENOENT)
            throw std::system_error(errno, std::generic_category(), "removing " + file.string());
}

std::optional<checked<signed_report>> signature_of(const fs::path& report) {
    const auto file = signature_file(report);
    std::ifstream from(file, std::ios::binary);
    if (!from) {
        if (errno == ENOENT) return std::nullopt;
        throw std::system_error(errno, std::generic_category(), "reading " + file.string());
    }
    std::string der(ledger::longest_signature + 1, '\0');
    from.read(der.data(), static_cast<std::streamsize>(der.size()));
    der.resize(static_cast<std::size_t>(from.gcount()));
    const auto found = ledger::check_signature(der, report);
    if (!found) return checked<signed_report>(reason{found.why_not()});
    auto what = manifest_from(found->description);
    if (!what) return checked<signed_report>(reason{"the signature holds, but " + what.why_not()});
    return checked<signed_report>(signed_report{std::move(*what), found->certificate_sha256});
}

}  // namespace fleetline::report
