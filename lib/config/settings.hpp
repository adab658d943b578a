// SPDX-License-Identifier: Apache-2.0
// The station's configuration as plain values. Defaults are here and in config/fleetline.toml (a test
// compares them). Made once by config::load, then read-only; any thread. Durations are milliseconds in
// memory, seconds in the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"
#include "core/time.hpp"

namespace fleetline::config {

struct station_section {
    std::string id;                       ///< unique in the plant; also the MQTT client id
    std::string log_level = "info";       ///< debug, info, warning, error
    milliseconds longest_absence{3'000};  ///< of a board whose attempt goes on when it is back
    milliseconds stop_grace{20'000};      ///< how long a stop waits for attempts to reach a safe point
    std::string operator_name;            ///< recorded with attempts until somebody signs on
    std::string badge_pattern;            ///< a scan that matches it signs on; empty: none does
};

struct cloud_section {
    std::string
        endpoint;  ///< host name only, as `aws iot describe-endpoint --endpoint-type iot:Data-ATS` says
    std::uint16_t port = 8883;
    std::filesystem::path ca_file;
    std::string claim_source = "file";  ///< file, tpm (the key is a TSS2 file) or command
    std::filesystem::path claim_certificate_file;
    std::filesystem::path claim_key_file;
    std::vector<std::string> claim_command;  ///< program and arguments that print a claim; no shell
    milliseconds claim_command_timeout{30'000};
    std::string mqtt_version = "3.1.1";   ///< 3.1.1 or 5
    std::string payload_format = "json";  ///< json or cbor
    std::string proxy;                    ///< http://[user:password@]host:port, empty: none
    milliseconds keep_alive{60'000};
    milliseconds request_timeout{15'000};    ///< one request's wait for its answer
    milliseconds token_lifetime{3'600'000};  ///< of a certificate ownership token (AWS: one hour)
    std::int64_t window = 16;                ///< requests in flight on the session, at most 64
    double create_certificate_rate = 8.0;  ///< per second; AWS's quota is per account, shared by all stations
    double register_thing_rate = 8.0;      ///< per second
};

struct ledger_section {
    std::filesystem::path file = "/var/lib/fleetline/ledger.db";
    std::int64_t transcript_days = 30;  ///< transcripts of passed attempts are dropped after this; 0: keep
    std::filesystem::path checkpoint_file;  ///< signed chain heads are appended here as well, empty: not
};

struct api_section {
    std::filesystem::path socket = "/run/fleetline/api.sock";
    std::string listen;  ///< "address:port" for TCP, empty: Unix socket only
    std::filesystem::path tls_certificate_file;
    std::filesystem::path tls_key_file;
    std::filesystem::path page_directory;  ///< the operator's page; empty: the installed one, if there is one
};

struct usb_section {
    std::filesystem::path directory;  ///< watch a directory of tty links in place of udev
};

struct product_section {
    product_name name;
    std::string dialect = "freertos-cli";
    std::int64_t baud = 115200;
    std::string flow_control = "none";                   ///< none, rts-cts
    bool dtr = true;                                     ///< how the lines are while the port is open
    bool rts = true;                                     ///< with rts-cts the driver's
    std::string serial_source = "usb";                   ///< device, usb, scan, range
    std::string serial_pattern = "[A-Za-z0-9_-]{1,64}";  ///< ECMAScript regular expression, whole serial
    std::string template_name;
    std::string
        thing_name;  ///< pattern with {serial}, as the template makes it; empty: must contain the serial
    std::string serial_echo;       ///< key of the template's DeviceConfiguration that repeats the serial
    std::string certificate_echo;  ///< and the one that repeats the certificate's id
    std::string common_name = "{serial}";  ///< of the CSR; AWS copies it into the certificate
    std::map<std::string, std::string> parameters{{"SerialNumber", "{serial}"}};
    bool station_signed = false;          ///< the station signs its requests, for the cloud's hook
    std::filesystem::path board_ca_file;  ///< root CA to write into the board, empty: its firmware has one
    std::string board_endpoint;           ///< empty: [cloud] endpoint
    std::uint16_t board_port = 0;         ///< 0: [cloud] port
    bool order_required = false;
    std::string start = "plug";  ///< plug, scan, both; a scanned serial number needs one of the latter two
    std::int64_t failures_allowed = 0;  ///< then an engineer must release the board, 0: any number
    milliseconds patience{300'000};     ///< how long a board waits for the cloud
    std::string usb_vendor;             ///< only ttys of this vendor id, empty: any
    std::string usb_product;
    std::string usb_interface;
};

struct slot_section {
    slot_name name;
    std::string port;       ///< udev ID_PATH; without its last part (":1.0") that of any interface there
    std::string interface;  ///< USB interface number, empty: any
    product_name product;   ///< empty: the only product

    /// Whether a tty at this ID_PATH and interface is this slot's.
    bool takes(std::string_view id_path, std::string_view tty_interface) const;
};

struct settings {
    std::filesystem::path source;  ///< the file this came from
    std::string sha256;            ///< of its bytes
    station_section station;
    cloud_section cloud;
    ledger_section ledger;
    api_section api;
    usb_section usb;
    std::vector<product_section> products;
    std::vector<slot_section> slots;

    const product_section& product(const product_name& name) const;  ///< throws std::out_of_range
};

}  // namespace fleetline::config
