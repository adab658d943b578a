// SPDX-License-Identifier: Apache-2.0
// What the station must be told about its products and slots. Plain values, filled by the composition from
// the configuration; read-only afterwards.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/names.hpp"
#include "core/time.hpp"

namespace fleetline::station {

enum class step;

enum class serial_source { device, usb, scan, range };

std::string_view to_text(serial_source which);

/// What starts an attempt: the plug; the label's scan, with the board in its slot; or both, in either order.
enum class start_rule { on_plug, on_scan, both };

/// Answers the signature of the station's key over the text: RSA PKCS #1 v1.5 with SHA-256, in bytes.
using signer = std::function<boost::asio::awaitable<std::string>(std::string text)>;

struct product_settings {
    product_name name;
    serial_source source = serial_source::usb;
    std::string serial_pattern;  ///< ECMAScript, whole serial
    std::string template_name;
    std::string thing_pattern;  ///< with {serial}; empty: the thing name must contain the serial
    std::string serial_echo;    ///< key of DeviceConfiguration
    std::string certificate_echo;
    std::string common_name = "{serial}";
    std::map<std::string, std::string> parameters;
    bool station_signed = false;  ///< parameters that the station signed are sent too
    std::string board_ca_pem;
    std::string board_endpoint;
    unsigned board_port = 8883;
    bool order_required = false;
    start_rule start = start_rule::on_plug;  ///< never on_plug when the source is the scan
    std::int64_t failures_allowed = 0;       ///< then an engineer must release the board; 0: never
    milliseconds patience{300'000};
};

struct slot_settings {
    slot_name name;
    std::string port;  ///< for show
    product_name product;
};

struct station_settings {
    std::string id;
    std::string version;
    std::string configuration_sha256;
    std::string operator_name;
    milliseconds token_lifetime{3'600'000};
    milliseconds stop_grace{20'000};
    /// An attempt whose board went away, and that is back in its slot within this, goes on. Long enough for a
    /// board with a USB of its own to start, and for a hub to be reset.
    milliseconds longest_absence{3'000};
    std::filesystem::path
        seating_file;                 ///< of what the next life shows again, see seating.hpp; empty: nothing
    std::filesystem::path duty_file;  ///< of who is signed on, see duty.hpp; empty: no restart remembers it
    std::vector<product_settings> products;
    std::vector<slot_settings> slots;

    signer sign;  ///< needed by products that are station_signed

    /// Answers ids of attempts; empty: unique ones of the system's random numbers. For simulations, in which
    /// a seed decides everything.
    std::function<std::string()> make_id;

    /// Called when an attempt leaves a step, with what that took; empty: nobody counts.
    std::function<void(step, milliseconds)> step_took;

    /// Called with "before KIND" and "after KIND" (after: durable) around each event of an attempt. For tests
    /// that kill the process at a named place; empty otherwise.
    std::function<void(std::string_view)> at_checkpoint;
};

}  // namespace fleetline::station
