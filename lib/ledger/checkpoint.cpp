// SPDX-License-Identifier: Apache-2.0
#include "ledger/checkpoint.hpp"

#include <cerrno>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "core/encoding.hpp"
#include "ledger/station_key.hpp"

namespace fleetline::ledger {

namespace {

constexpr std::size_t longest_line = std::size_t{64} * 1024;  // one has less than 2 KiB

std::string signed_text(const checkpoint& what) {
    return "fleetline-checkpoint-1\n" + what.station + '\n' + std::to_string(what.seq) + '\n' + what.hash +
           '\n' + what.made_at + '\n';
}

}  // namespace

checkpoint make_checkpoint(std::string station, std::int64_t seq, std::string hash, utc_time now,
                           const station_key& key) {
    checkpoint made;
    made.station = std::move(station);
    made.seq = seq;
    made.hash = std::move(hash);
    made.made_at = to_rfc3339(now);
    made.signer = key.certificate_sha256();
    made.signature = to_base64(key.sign(signed_text(made)));
    return made;
}

bool signature_holds(std::string_view certificate_pem, const checkpoint& what) {
    const auto signature = from_base64(what.signature);
    return signature && is_signed_by(certificate_pem, signed_text(what), *signature);
}

std::string to_line(const checkpoint& what) {
    const nlohmann::json line = {{"station", what.station}, {"seq", what.seq},
                                 {"hash", what.hash},       {"made_at", what.made_at},
                                 {"signer", what.signer},   {"signature", what.signature}};
    return line.dump() + '\n';
}

checked<checkpoint> checkpoint_from(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return reason{"this is not a JSON object"};
    checkpoint found;
    const auto seq = json.find("seq");
    if (seq == json.end() || !seq->is_number_integer()) return reason{"'seq' is missing"};
    found.seq = seq->get<std::int64_t>();
    for (const auto& [name, to] : {std::pair{"station", &found.station}, std::pair{"hash", &found.hash},
                                   std::pair{"made_at", &found.made_at}, std::pair{"signer", &found.signer},
                                   std::pair{"signature", &found.signature}}) {
        const auto value = json.find(name);
        if (value == json.end() || !value->is_string())
            return reason{"'" + std::string(name) + "' is missing"};
        *to = value->get<std::string>();
    }
    return found;
}

checkpoint_file checkpoints_in(const std::filesystem::path& file) {
    const auto cannot_read = [&file](int why) {
        return std::system_error(why, std::generic_category(), "reading " + file.string());
    };
    const auto kind = std::filesystem::status(file).type();
    if (kind == std::filesystem::file_type::directory) throw cannot_read(EISDIR);
    if (kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found)
        throw std::runtime_error("reading " + file.string() + ": it is no regular file");
    std::ifstream from(file, std::ios::binary);
    if (!from) throw cannot_read(errno);
    checkpoint_file found;
    std::string text(longest_line + 1, '\0');
    for (std::size_t number = 1; from; ++number) {
        from.getline(text.data(), static_cast<std::streamsize>(text.size()));
        const auto count = static_cast<std::size_t>(from.gcount());
        if (count == 0) break;
        const bool too_long = from.fail() && !from.eof() && !from.bad();
        if (too_long) {
            from.clear();
            from.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
        }
        found.ends_open = from.eof();
        const std::string_view line(text.data(), too_long || found.ends_open ? count : count - 1);
        auto one = too_long ? reason{"it is too long"} : checkpoint_from(line);
        if (one) {
            found.all.push_back(std::move(*one));
        } else if (!line.empty() && !found.ends_open) {  // else it is being written, for all we know
            if (found.torn.empty()) found.why_torn = one.why_not();
            found.torn.push_back(number);
        }
    }
    if (from.bad()) throw cannot_read(errno != 0 ? errno : EIO);
    return found;
}

}  // namespace fleetline::ledger
