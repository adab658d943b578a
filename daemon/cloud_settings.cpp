// SPDX-License-Identifier: Apache-2.0
#include "cloud_settings.hpp"

#include <algorithm>
#include <set>

namespace fleetline::daemon {

namespace {

cloud::claim_settings claim_of(const config::cloud_section& from) {
    cloud::claim_settings claim;
    if (from.claim_source == "tpm") claim.source = cloud::claim_source::tpm;
    if (from.claim_source == "command") claim.source = cloud::claim_source::command;
    claim.certificate_file = from.claim_certificate_file;
    claim.key_file = from.claim_key_file;
    claim.command = from.claim_command;
    claim.command_timeout = from.claim_command_timeout;
    return claim;
}

}  // namespace

cloud::session_settings cloud_settings(const config::settings& from) {
    cloud::session_settings to;
    to.endpoint = from.cloud.endpoint;
    to.port = from.cloud.port;
    to.client_id = from.station.id;
    to.ca_file = from.cloud.ca_file;
    to.claim = claim_of(from.cloud);
    std::set<std::string> templates;
    for (const auto& product : from.products) templates.insert(product.template_name);
    to.templates.assign(templates.begin(), templates.end());
    to.version = from.cloud.mqtt_version == "5" ? cloud::mqtt_version::v5 : cloud::mqtt_version::v3_1_1;
    to.format =
        from.cloud.payload_format == "cbor" ? cloud::payload_format::cbor : cloud::payload_format::json;
    // AWS: MQTT on port 443 is told from HTTPS by this protocol name.
    if (to.port == 443) to.alpn = {"x-amzn-mqtt-ca"};
    to.proxy.url = from.cloud.proxy;
    to.keep_alive = from.cloud.keep_alive;
    to.window = static_cast<std::size_t>(from.cloud.window);
    to.create = {from.cloud.create_certificate_rate, std::max(1.0, from.cloud.create_certificate_rate)};
    to.register_thing = {from.cloud.register_thing_rate, std::max(1.0, from.cloud.register_thing_rate)};
    to.request_timeout = from.cloud.request_timeout;
    return to;
}

}  // namespace fleetline::daemon
