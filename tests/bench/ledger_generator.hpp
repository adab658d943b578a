// SPDX-License-Identifier: Apache-2.0
// Attempts as a line makes them, written into a ledger with a real chain, as fast as it takes them. For the
// bench.
#pragma once

#include <cstdint>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "core/unique_id.hpp"
#include "ledger/writer.hpp"

namespace fleetline::bench {

/// As long as one that AWS signs for a P-256 key.
inline std::string certificate_pem(std::mt19937_64& chance) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (int line = 0; line < 14; ++line) {
        for (int i = 0; i < 64; i += 8)
            for (std::uint64_t bits = chance(), n = 0; n < 8; ++n, bits >>= 6) pem += alphabet[bits & 63];
        pem += '\n';
    }
    return pem + "-----END CERTIFICATE-----\n";
}

inline void add_credential(std::vector<ledger::event>& all, const attempt_id& id, const std::string& serial,
                           utc_time now, std::mt19937_64& chance) {
    const std::string key = sha256_hex("key" + id.text());
    const certificate_id certificate(sha256_hex("certificate" + id.text()));
    ledger::csr_made csr;
    csr.attempt = id;
    csr.csr_sha256 = sha256_hex("csr" + id.text());
    csr.public_key_sha256 = key;
    csr.key_origin = "device";
    all.push_back(std::move(csr));
    ledger::issue_requested asked;
    asked.attempt = id;
    asked.public_key_sha256 = key;
    all.push_back(std::move(asked));
    ledger::issued issued;
    issued.attempt = id;
    issued.certificate = certificate;
    issued.certificate_pem = certificate_pem(chance);
    issued.public_key_sha256 = key;
    issued.not_after = utc_time{std::chrono::sys_days{std::chrono::year{2049} / 12 / 31}};
    issued.ownership_token = secret(certificate_pem(chance).substr(0, 480));
    issued.token_expires = now + std::chrono::hours{1};
    all.push_back(std::move(issued));
    ledger::registration_requested registration;
    registration.attempt = id;
    registration.certificate = certificate;
    registration.template_name = "fleetline-meter";
    registration.parameters = {{"SerialNumber", serial}};
    all.push_back(std::move(registration));
    ledger::registered registered;
    registered.attempt = id;
    registered.certificate = certificate;
    registered.thing = thing_name("meter-" + serial);
    registered.device_configuration = {{"SerialNumber", serial}};
    all.push_back(std::move(registered));
    ledger::delivery_started begun;
    begun.attempt = id;
    begun.certificate = certificate;
    all.push_back(std::move(begun));
    ledger::delivered delivered;
    delivered.attempt = id;
    delivered.certificate = certificate;
    all.push_back(std::move(delivered));
    ledger::proved proved;
    proved.attempt = id;
    proved.certificate = certificate;
    proved.proof = "readback";
    all.push_back(std::move(proved));
}

/// What a station records of one board: that it passed, or that it was gone before it had a key.
inline std::vector<ledger::event> attempt_of(const attempt_id& id, const std::string& serial,
                                             std::uint64_t slot, bool passes, utc_time now,
                                             std::mt19937_64& chance) {
    std::vector<ledger::event> all;
    ledger::attempt_started started;
    started.attempt = id;
    started.slot = slot_name("A" + std::to_string(slot));
    started.port = "pci-0000:00:14.0-usb-0:" + std::to_string(slot) + ":1.0";
    started.product = product_name("meter");
    all.push_back(std::move(started));
    ledger::identified who;
    who.attempt = id;
    who.serial = serial_number(serial);
    who.serial_source = "device";
    who.dialect = "freertos-cli";
    who.firmware_version = "1.4.2";
    all.push_back(std::move(who));
    ledger::admitted admitted;
    admitted.attempt = id;
    admitted.serial = serial_number(serial);
    admitted.order = order_name("WO-1");
    admitted.operator_name = "kim";
    admitted.template_name = "fleetline-meter";
    all.push_back(std::move(admitted));
    if (passes) add_credential(all, id, serial, now, chance);
    ledger::attempt_finished ended;
    ended.attempt = id;
    ended.outcome = passes ? "passed" : "failed";
    if (!passes) ended.failure_code = "port-gone";
    if (!passes) ended.failure_step = "csr";
    ended.duration_ms = 4000 + static_cast<std::int64_t>(chance() % 1000);
    ended.step_ms = {{"identify", 300}, {"csr", 900},      {"issue", 80},
                     {"register", 90},  {"deliver", 1200}, {"prove", 700}};
    all.push_back(std::move(ended));
    return all;
}

/// Attempts as a line makes them: most pass at once, one in twenty fails and passes the second time.
class generator {
  public:
    generator(ledger::writer& to, std::uint64_t wanted) : to_(to), wanted_(wanted) {}

    std::uint64_t run() {
        open_order();
        for (made_ = 0; made_ < wanted_;) {
            const std::string serial = serial_of(boards_++);
            if (boards_ % 20 == 0) attempt(serial, false);
            if (made_ < wanted_) attempt(serial, true);
        }
        write();
        return events_;
    }

    static std::string serial_of(std::uint64_t board) {
        char text[24];
        std::snprintf(text, sizeof text, "SN%010llu", static_cast<unsigned long long>(board));
        return text;
    }
    std::uint64_t boards() const { return boards_; }

  private:
    void add(ledger::event what) {
        ledger::accepted next;
        now_ += milliseconds{37};
        next.at = now_;
        next.clock_synchronised = true;
        next.what = std::move(what);
        group_.push_back(std::move(next));
        ++events_;
        if (group_.size() == 20'000) write();
    }

    void write() {
        if (const auto trouble = to_.write(group_)) std::rethrow_exception(trouble);
        for (const auto& each : group_)
            if (each.error) std::rethrow_exception(each.error);
        group_.clear();
    }

    void open_order() {
        ledger::order_opened what;
        what.order = order_name("WO-1");
        what.product = product_name("meter");
        what.by = "kim";
        add(std::move(what));
    }

    void attempt(const std::string& serial, bool passes) {
        const attempt_id id(make_unique_id(now_));
        for (auto& one : attempt_of(id, serial, ++made_ % 16 + 1, passes, now_, chance_)) add(std::move(one));
    }

    ledger::writer& to_;
    std::uint64_t wanted_;
    std::uint64_t made_ = 0;
    std::uint64_t boards_ = 0;
    std::uint64_t events_ = 0;
    utc_time now_ = utc_time{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}};
    std::mt19937_64 chance_{1};
    std::vector<ledger::accepted> group_;
};

}  // namespace fleetline::bench
