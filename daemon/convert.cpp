// SPDX-License-Identifier: Apache-2.0
#include "convert.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "dialect/registry.hpp"
#include "x509/x509.hpp"

namespace fleetline::daemon {

namespace {

station::serial_source source_of(const std::string& text) {
    if (text == "device") return station::serial_source::device;
    if (text == "usb") return station::serial_source::usb;
    if (text == "scan") return station::serial_source::scan;
    if (text == "range") return station::serial_source::range;
    throw failure("station-configuration", "Reading the products", "serial_source", "'" + text + "' is none");
}

station::start_rule start_of(const std::string& text) {
    if (text == "scan") return station::start_rule::on_scan;
    if (text == "both") return station::start_rule::both;
    return station::start_rule::on_plug;
}

/// The CA as it is written into boards: one certificate, LF line ends.
std::string read_ca(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && text.empty())
        throw failure("station-configuration", "Reading the boards' CA", file.string(), "it cannot be read");
    const auto certificate = x509::parse_certificate(text);
    if (!certificate)
        throw failure("station-configuration", "Reading the boards' CA", file.string(),
                      certificate.why_not());
    return x509::to_pem("CERTIFICATE", certificate->der);
}

station::product_settings product_of(const config::product_section& from,
                                     const config::cloud_section& cloud) {
    station::product_settings product;
    product.name = from.name;
    product.source = source_of(from.serial_source);
    product.serial_pattern = from.serial_pattern;
    product.template_name = from.template_name;
    product.thing_pattern = from.thing_name;
    product.serial_echo = from.serial_echo;
    product.certificate_echo = from.certificate_echo;
    product.common_name = from.common_name;
    product.parameters = from.parameters;
    product.station_signed = from.station_signed;
    if (!from.board_ca_file.empty()) product.board_ca_pem = read_ca(from.board_ca_file);
    product.board_endpoint = from.board_endpoint.empty() ? cloud.endpoint : from.board_endpoint;
    product.board_port = from.board_port == 0 ? cloud.port : from.board_port;
    product.order_required = from.order_required;
    product.start = start_of(from.start);
    product.failures_allowed = from.failures_allowed;
    product.patience = from.patience;
    return product;
}

}  // namespace

ledger::options ledger_options(const config::settings& from) {
    ledger::options to;
    to.file = from.ledger.file;
    to.station = from.station.id;
    to.key_directory = from.ledger.file.parent_path();
    to.checkpoint_file = from.ledger.checkpoint_file;
    to.transcript_days = from.ledger.transcript_days;
    return to;
}

api::settings api_settings(const config::settings& from) {
    api::settings to;
    to.socket = from.api.socket;
    to.listen = from.api.listen;
    to.tls_certificate_file = from.api.tls_certificate_file;
    to.tls_key_file = from.api.tls_key_file;
    to.ledger_file = from.ledger.file;
    to.token_file = from.ledger.file.parent_path() / "tokens";
    to.page_directory = from.api.page_directory;
    std::error_code ignored;
    const std::filesystem::path installed = FLEETLINE_PAGE_DIRECTORY;
    if (to.page_directory.empty() && std::filesystem::exists(installed / "index.html", ignored))
        to.page_directory = installed;
    return to;
}

serial::port_settings port_settings(const config::product_section& from) {
    auto to = dialect::port_settings_of(from.dialect);
    to.baud = static_cast<unsigned>(from.baud);
    to.rts_cts = to.rts_cts || from.flow_control == "rts-cts";
    to.dtr = to.dtr && from.dtr;
    to.rts = to.rts && from.rts;
    return to;
}

station::station_settings station_settings(const config::settings& from) {
    station::station_settings to;
    to.id = from.station.id;
    to.version = FLEETLINE_VERSION;
    to.configuration_sha256 = from.sha256;
    to.operator_name = from.station.operator_name;
    to.token_lifetime = from.cloud.token_lifetime;
    to.stop_grace = from.station.stop_grace;
    to.longest_absence = from.station.longest_absence;
    // In a directory that is empty after a boot: udev's names for a board's being plugged in are good for
    // one.
    if (!from.api.socket.empty())
        to.seating_file = std::filesystem::path(from.api.socket).replace_extension("seating");
    // Beside the ledger: a shift goes on after a boot.
    to.duty_file = from.ledger.file.parent_path() / "signed-on";
    for (const auto& product : from.products) to.products.push_back(product_of(product, from.cloud));
    for (const auto& slot : from.slots) to.slots.push_back({slot.name, slot.port, slot.product});
    return to;
}

}  // namespace fleetline::daemon
