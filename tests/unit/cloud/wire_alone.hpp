// SPDX-License-Identifier: Apache-2.0
// The session's traffic alone, in virtual time: what is sent is kept, what is answered is handed in.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "cloud/messages.hpp"
#include "cloud/traffic.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"
#include "x509/x509.hpp"

namespace fleetline::tests {

class wire_alone {
  public:
    explicit wire_alone(const cloud::session_settings& given = settings())
        : wire(
              given,
              [this](const std::string& topic, std::string_view payload, std::uint64_t) {
                  sent.push_back({topic, std::string(payload)});
              },
              notes, 1, now) {
        wire.link_up(given.window);
    }

    static cloud::session_settings settings() {
        cloud::session_settings given;
        given.templates = {"boards"};
        return given;
    }

    void enroll(const board& made, const std::string& certificate, bool registered_otherwise = false) {
        auto asked = std::make_unique<cloud::registration_call>();
        asked->request = registration_for(made, "token of " + certificate);
        asked->request.certificate = certificate_id(certificate);
        asked->request.registered_otherwise = registered_otherwise;
        asked->request.certificate_echo_key = certificate_echo;
        asked->body = cloud::write_register_request(
            cloud::payload_format::json, asked->request.ownership_token, asked->request.parameters);
        asked->done = [this, certificate](const cloud::outcome<station::registration>& result) {
            const auto* why = std::get_if<station::request_failure>(&result);
            ends[certificate] = why == nullptr ? "registered" : why->code();
            if (why != nullptr) times[certificate] = why->request_ms;
        };
        wire.add(std::move(asked), now);
        wire.pump(now);
    }

    void ask(const board& made) {
        const auto csr = x509::parse_csr(made.csr).value();
        auto asked = std::make_unique<cloud::certificate_call>();
        asked->request = certificate_for(made);
        asked->request.subject = csr.subject;
        asked->body = cloud::write_create_request(cloud::payload_format::json, csr.pem);
        asked->done = [this](const cloud::outcome<station::issued_certificate>& result) {
            if (result.index() == 0) ++issued;
        };
        wire.add(std::move(asked), now);
        wire.pump(now);
    }

    void answer(const message& said) {
        later(milliseconds{50});
        answer_at_once(said);
    }

    void answer_at_once(const message& said) {
        wire.message(said.topic, said.payload, now,
                     std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
        wire.pump(now);
    }

    void later(milliseconds time) {
        const auto end = now + time;
        while (const auto next = wire.wake(now)) {
            if (*next > end) break;
            now = *next;
            wire.pump(now);
        }
        now = end;
        wire.pump(now);
    }

    std::ptrdiff_t said_to_be_lost() const {
        return std::count_if(notes.certificates.begin(), notes.certificates.end(),
                             [](const auto& one) { return one.id.empty(); });
    }

    note_taker notes;
    std::string certificate_echo;  ///< key, as the template has it
    std::vector<message> sent;
    int issued = 0;
    std::map<std::string, std::string> ends;              ///< of registrations, by certificate
    std::map<std::string, station::request_times> times;  ///< of those that failed
    monotonic_time now{milliseconds{1'000'000}};
    cloud::traffic wire;
};

}  // namespace fleetline::tests
