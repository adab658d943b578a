// SPDX-License-Identifier: Apache-2.0
#include "station/failure_catalogue.hpp"

#include <algorithm>
#include <array>

namespace fleetline::station {

namespace {

// Sorted by code. already-provisioned is the one code without a group: its name is pinned by the design.
// tests/check_codes.py fails when a code is thrown that is not here.
constexpr std::array catalogue{
    failure_entry{"already-provisioned", "This board has passed already.",
                  "Put it with the finished boards. To do it again an engineer must authorise a rework.",
                  false},
    failure_entry{"cloud-answer-invalid", "The cloud's answer makes no sense.",
                  "Plug the board again. If it happens twice, call the engineer.", true},
    failure_entry{"cloud-answer-mismatched", "The cloud's answer belongs to another board.",
                  "Plug the board again. If it happens twice, stop the line and call the engineer.", true},
    failure_entry{"cloud-ca-unreadable", "The station cannot read whom to trust as the cloud.",
                  "Call the engineer: the CA file in the configuration must be put right.", false},
    failure_entry{"cloud-certificate-invalid", "The cloud sent a certificate that does not fit this board.",
                  "Plug the board again. If it happens twice, call the engineer.", true},
    failure_entry{"cloud-claim-expired", "The station's claim certificate has expired.",
                  "Call the engineer: a new claim certificate and key must be installed.", false},
    failure_entry{"cloud-claim-invalid", "The station's claim credential cannot be used.",
                  "Call the engineer: the claim certificate and key must be replaced.", false},
    failure_entry{"cloud-claim-mismatched",
                  "The station's claim key does not belong to its claim certificate.",
                  "Call the engineer: the claim certificate and key must be installed together.", false},
    failure_entry{"cloud-claim-refused", "The cloud does not accept the station's claim certificate.",
                  "Call the engineer: the claim certificate is not active or not known to this account.",
                  false},
    failure_entry{"cloud-client-id-taken", "Another station uses this station's id.",
                  "Call the engineer: two stations with one id push each other out.", false},
    failure_entry{"cloud-connection-lost", "The connection to the cloud was lost.",
                  "Wait until the cloud is back, then plug the board again.", true},
    failure_entry{"cloud-denied", "The cloud's check refused this serial number.",
                  "Put the board aside. The cloud's records must be looked at before it is tried again.",
                  false},
    failure_entry{
        "cloud-host-mismatched", "The server that answers is not the cloud that was asked for.",
        "Call the engineer: check the endpoint in the configuration, and who answers on this network.",
        false},
    failure_entry{
        "cloud-name-unknown", "The cloud's name cannot be looked up.",
        "Check the network cable. If it is in, call IT: name service or the configured endpoint is wrong.",
        true},
    failure_entry{"cloud-no-answer", "The cloud did not answer in time.", "Plug the board again.", true},
    failure_entry{"cloud-policy-denies", "The cloud does not let this station do its work.",
                  "Call the engineer: the claim certificate's policy must be mended.", false},
    failure_entry{"cloud-port-blocked", "The way to the cloud is blocked.",
                  "Call IT: the firewall must let this station out to the cloud.", true},
    failure_entry{"cloud-proxy-failed", "The proxy does not let the station out to the cloud.",
                  "Call IT: the proxy must allow this station to reach the cloud.", true},
    failure_entry{"cloud-rejected", "The cloud refused the request for this board.",
                  "Put the board aside and call the engineer.", false},
    failure_entry{"cloud-server-expired", "The cloud's server certificate is not valid today.",
                  "Call the engineer: check the station's clock and date first.", true},
    failure_entry{"cloud-server-untrusted", "The server that answers is not one the station trusts.",
                  "Call the engineer: check the CA file, and who answers on this network.", false},
    failure_entry{"cloud-throttled", "The cloud is busy.", "Wait a minute, then plug the board again.", true},
    failure_entry{"cloud-token-refused", "The cloud no longer knows this board's request.",
                  "Plug the board again.", true},
    failure_entry{"cloud-unreachable", "The cloud cannot be reached.",
                  "Check the network cable. If it is in, call IT.", true},
    failure_entry{"device-answer-invalid", "The board gave an answer that makes no sense.",
                  "Plug the board again. If it happens twice, put it aside.", true},
    failure_entry{"device-csr-invalid", "The board made a certificate request that is wrong.",
                  "Plug the board again. If it happens twice, put it aside.", true},
    failure_entry{"device-flooded", "The board sends without end.",
                  "Put the board aside: its firmware is not right.", true},
    failure_entry{"device-key-failed", "The board could not make its key.",
                  "Plug the board again. If it happens twice, put it aside.", true},
    failure_entry{"device-name-unfit", "This board's firmware cannot hold its name or a setting.",
                  "Call the engineer: the product's names do not fit this firmware.", false},
    failure_entry{"device-no-answer", "The board does not answer.",
                  "Check that the board sits well and has power, then plug it again.", true},
    failure_entry{"device-proof-failed", "The board does not hold what was written to it.",
                  "Plug the board again. If it happens twice, put it aside.", true},
    failure_entry{"device-restarted", "The board restarted in the middle of the work.",
                  "Check that the board sits well and has power, then plug it again.", true},
    failure_entry{"device-write-failed", "The board did not take its certificate.",
                  "Plug the board again. If it happens twice, put it aside.", true},
    failure_entry{"order-in-progress", "This serial number is being worked on in another slot.",
                  "Look for two boards with the same serial number.", false},
    failure_entry{"order-none-open", "No work order is open for this product.",
                  "Ask for the work order to be opened.", false},
    failure_entry{"order-not-on-list", "This serial number is not on the work order.",
                  "Put the board aside: it belongs to another order.", false},
    failure_entry{"order-quota-reached", "The work order is complete.", "Ask for the next work order.",
                  false},
    failure_entry{"order-serial-invalid", "The serial number does not look like one of this product.",
                  "Check the label and that this is the right product.", false},
    failure_entry{"order-serial-missing", "The board's serial number is not known.",
                  "Scan the label, or check the USB cable.", true},
    failure_entry{"port-busy", "Another program holds the fixture's USB port.",
                  "Call the engineer: something else talks to this port.", true},
    failure_entry{"port-failed", "The fixture's USB port failed.",
                  "Plug the board again. If it happens twice, use another fixture.", true},
    failure_entry{"port-gone", "The board was unplugged before it was done.", "Plug the board again.", true},
    failure_entry{"station-api-listen", "The station cannot serve its page on the network.",
                  "Call the engineer: the address in [api] listen is taken or not this machine's.", false},
    failure_entry{"station-api-socket", "The station cannot open its control socket.",
                  "Call the engineer: another fleetlined runs, or the directory is not writable.", false},
    failure_entry{"station-clock-wrong", "The station's clock is wrong.",
                  "Call the engineer: set the clock and have it synchronised.", false},
    failure_entry{"station-configuration", "The station's configuration is wrong.",
                  "Call the engineer: run 'fleetline config check'.", false},
    failure_entry{"station-internal", "The station made a mistake.",
                  "Plug the board again. If it happens twice, call the engineer.", true},
    failure_entry{"station-interrupted", "The station stopped while it worked on this board.",
                  "Plug the board again.", true},
    failure_entry{"station-ledger-broken", "The station's record is damaged.",
                  "Stop the line and call the engineer: the ledger needs attention.", false},
    failure_entry{"station-ledger-busy", "The station's record is in use.",
                  "Stop the service first, then try again.", true},
    failure_entry{"station-ledger-missing", "The station's record is not there.",
                  "Call the engineer: check where the ledger file should be.", false},
    failure_entry{"station-ledger-newer", "The station's record was written by a newer version.",
                  "Call the engineer: install the version that wrote it, or a later one.", false},
    failure_entry{"station-ledger-unwritable", "The station cannot write its record.",
                  "Stop the line and call the engineer: the disk may be full.", true},
    failure_entry{"station-request-denied", "You may not do that.", "Ask an engineer.", false},
    failure_entry{"station-request-header-too-large", "The request was too long.",
                  "Call the engineer: something else than the page talks to the station.", false},
    failure_entry{"station-request-invalid", "The request was not understood.",
                  "Check what was typed or scanned, then try again.", false},
    failure_entry{"station-request-media-type", "The request was not understood.",
                  "Send it as application/json.", false},
    failure_entry{"station-request-method", "The request was not understood.",
                  "Use one of the methods that the Allow header names.", false},
    failure_entry{"station-request-not-available", "This station cannot do that.",
                  "Call the engineer: it is not part of this version, or not configured.", false},
    failure_entry{"station-request-not-found", "There is no such thing.", "Check what was typed or scanned.",
                  false},
    failure_entry{"station-request-timeout", "The request took too long to arrive.", "Try again.", true},
    failure_entry{"station-request-too-large", "The request was too long.", "Send a shorter list.", false},
    failure_entry{"station-request-too-many", "Too much is asked at once.", "Wait a moment, then try again.",
                  true},
    failure_entry{"station-request-unauthenticated", "The station does not know you.",
                  "Sign in with a token: an engineer makes one with 'fleetline token'.", false},
    failure_entry{"station-request-upgrade", "This address serves a WebSocket only.",
                  "Ask for an upgrade to WebSocket.", false},
    failure_entry{"station-slot-busy", "There is no board to try again in this slot.",
                  "Plug a board, or wait until the work on it has ended.", true},
    failure_entry{"station-slot-unknown", "This station has no such slot.", "Check the slot's name.", false},
    failure_entry{"station-stopping", "The station is being stopped.",
                  "Wait for the station, then plug the board again.", true},
};

static_assert(std::is_sorted(catalogue.begin(), catalogue.end(),
                             [](const auto& a, const auto& b) { return a.code < b.code; }));

}  // namespace

std::span<const failure_entry> failure_catalogue() {
    return catalogue;
}

const failure_entry& failure_for(std::string_view code) {
    const auto find = [](std::string_view wanted) {
        return std::find_if(catalogue.begin(), catalogue.end(),
                            [wanted](const auto& e) { return e.code == wanted; });
    };
    const auto entry = find(code);
    return entry != catalogue.end() ? *entry : *find("station-internal");
}

}  // namespace fleetline::station
