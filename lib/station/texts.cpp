// SPDX-License-Identifier: Apache-2.0
#include "station/texts.hpp"

namespace fleetline::station {

std::string_view to_text(step which) {
    switch (which) {
        case step::identify:
            return "identify";
        case step::admit:
            return "admit";
        case step::csr:
            return "csr";
        case step::issue:
            return "issue";
        case step::register_thing:
            return "register";
        case step::deliver:
            return "deliver";
        case step::prove:
            return "prove";
        case step::finish:
            break;
    }
    return "finish";
}

std::string_view to_text(slot_state which) {
    switch (which) {
        case slot_state::empty:
            return "empty";
        case slot_state::waiting_for_scan:
            return "waiting-for-scan";
        case slot_state::working:
            return "working";
        case slot_state::waiting_for_cloud:
            return "waiting-for-cloud";
        case slot_state::passed:
            return "passed";
        case slot_state::failed:
            return "failed";
        case slot_state::refused:
            return "refused";
        case slot_state::abandoned:
            break;
    }
    return "abandoned";
}

std::string_view to_text(serial_source which) {
    switch (which) {
        case serial_source::device:
            return "device";
        case serial_source::usb:
            return "usb";
        case serial_source::range:
            return "range";
        case serial_source::scan:
            break;
    }
    return "scan";
}

std::string_view to_text(key_origin which) {
    switch (which) {
        case key_origin::device:
            return "device";
        case key_origin::station:
            return "station";
        case key_origin::cloud:
            break;
    }
    return "cloud";
}

std::string_view to_text(proof which) {
    switch (which) {
        case proof::none:
            return "none";
        case proof::readback:
            return "readback";
        case proof::digest:
            return "digest";
        case proof::signature:
            return "signature";
        case proof::first_connect:
            break;
    }
    return "first-connect";
}

std::string fill(std::string_view pattern, const std::map<std::string, std::string>& values) {
    std::string text;
    while (!pattern.empty()) {
        const auto open = pattern.find('{');
        text += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        pattern.remove_prefix(open);
        const auto close = pattern.find('}');
        const auto value = close == std::string_view::npos
                               ? values.end()
                               : values.find(std::string(pattern.substr(1, close - 1)));
        if (value == values.end()) {
            text += '{';
            pattern.remove_prefix(1);
        } else {
            text += value->second;
            pattern.remove_prefix(close + 1);
        }
    }
    return text;
}

std::string passed_before(const ledger::device_record& record) {
    return "passed " + to_rfc3339(record.finished_at) + " in slot " + record.slot.text() + " as thing " +
           record.thing.text() + " with certificate " + record.current_certificate.text();
}

bool has_code(const std::exception_ptr& error, std::string_view code) {
    try {
        std::rethrow_exception(error);
    } catch (const failure& why) {
        return why.code() == code;
    } catch (...) {
        return false;
    }
}

bool is_connection_lost(const std::exception_ptr& error) {
    return has_code(error, "cloud-connection-lost");
}

std::string_view outcome_for(std::string_view code) {
    if (code.empty()) return "passed";
    if (code == "already-provisioned" || code.substr(0, 6) == "order-") return "refused";
    if (code == "station-stopping" || code == "station-interrupted") return "abandoned";
    return "failed";
}

}  // namespace fleetline::station
