// SPDX-License-Identifier: Apache-2.0
// What the cloud room must be told: where the cloud is, with what credential, how fast. Plain values, filled
// by the composition from the configuration; a copy is given to the session, which never changes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/time.hpp"

namespace fleetline::cloud {

enum class mqtt_version { v3_1_1, v5 };

/// How provisioning payloads are written; it is part of the topic.
enum class payload_format { json, cbor };

/// Where the claim certificate and key come from.
enum class claim_source {
    file,     ///< PEM files
    tpm,      ///< as `file`, but the key is a TSS2 file that only the TPM can use
    command,  ///< a command prints {"certificatePem": …, "keyPair": {"PrivateKey": …}, "expiration": …}
};

struct claim_settings {
    claim_source source = claim_source::file;
    std::filesystem::path certificate_file;
    std::filesystem::path key_file;
    std::vector<std::string> command;  ///< program and arguments; no shell
    milliseconds command_timeout{30'000};
};

/// How many requests of one kind a second, over all slots: a token bucket. AWS's quotas are per account and
/// region, so all lines and all stations share them.
struct rate_limit {
    double per_second = 4.0;
    double burst = 4.0;
};

/// Through an HTTP CONNECT proxy, if `url` is not empty ("http://host:port").
struct proxy_settings {
    std::string url;
};

struct session_settings {
    std::string endpoint;  ///< host name alone; it is also what the server's certificate must say
    std::uint16_t port = 8883;
    std::string client_id;          ///< the station's id, unique in the account
    std::filesystem::path ca_file;  ///< whom the server's certificate must come from
    claim_settings claim;
    std::vector<std::string> templates;  ///< of all products; each has answer topics of its own
    bool keys = false;  ///< CreateKeysAndCertificate is used; the claim's policy must allow it

    mqtt_version version = mqtt_version::v3_1_1;
    payload_format format = payload_format::json;
    std::vector<std::string> alpn;  ///< {"x-amzn-mqtt-ca"} on port 443
    proxy_settings proxy;

    milliseconds keep_alive{60'000};         ///< 30 s .. 1200 s, as AWS has it
    milliseconds silence{10'000};            ///< no PUBACK and nothing else for so long: the link is dead
    milliseconds connect_timeout{15'000};    ///< name look-up, TCP, TLS, CONNACK and SUBACK together
    milliseconds reconnect_least{1'000};     ///< first wait after a loss; never below 1 s
    milliseconds reconnect_longest{60'000};  ///< the wait doubles up to this

    std::size_t window = 16;  ///< requests in flight, 1 .. 64 (AWS: 100 unacknowledged a connection)
    rate_limit create;        ///< CreateCertificateFromCsr, CreateKeysAndCertificate
    rate_limit register_thing;

    milliseconds request_timeout{20'000};  ///< from sent to answered; then it is asked again or given up
    int asks = 2;                          ///< how often one request is sent when no answer comes
    milliseconds patience{120'000};        ///< queued to answered, of a request that names none
    milliseconds late_answers{60'000};     ///< so long after a timeout its answer may still come
    milliseconds echo{500};                ///< so long after an answer its duplicate may come
    bool earlier_life = false;  ///< the station asked with this id minutes ago: answers to that may come yet
};

}  // namespace fleetline::cloud
