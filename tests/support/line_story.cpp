// SPDX-License-Identifier: Apache-2.0
#include "support/line_story.hpp"

#include <array>
#include <random>
#include <utility>

#include "core/digest.hpp"
#include "support/run.hpp"

namespace fleetline::test {

namespace {

/// The procedure's steps and the share of the time each takes.
constexpr std::array<std::pair<const char*, int>, 8> steps{{{"identify", 6},
                                                            {"admit", 0},
                                                            {"csr", 38},
                                                            {"issue", 4},
                                                            {"register", 5},
                                                            {"deliver", 30},
                                                            {"prove", 14},
                                                            {"finish", 3}}};

}  // namespace

struct line_story::attempt {
    attempt_id id;
    board who;
    milliseconds takes;
    certificate_id certificate;
    std::map<std::string, std::int64_t> step_ms;
};

line_story::line_story(std::filesystem::path file, std::string station) {
    ledger::options how;
    how.file = std::move(file);
    how.station = std::move(station);
    how.threaded = false;
    how.durable = false;
    clock.utc = *parse_rfc3339("2026-11-24T05:58:00Z");
    book_ = std::make_unique<ledger::ledger>(how, io_.get_executor(), clock, log_);
}

line_story::~line_story() = default;

void line_story::at(const std::string& rfc3339) {
    clock.utc = *parse_rfc3339(rfc3339);
}

void line_story::append(ledger::event what) {
    run(io_, book_->append(std::move(what)));
}

std::string line_story::next_id() {
    const auto hex = sha256_hex("attempt " + std::to_string(++attempts_));
    std::string time(12, '0');
    auto left = static_cast<std::uint64_t>(clock.utc.time_since_epoch().count());
    for (auto digit = time.rbegin(); digit != time.rend(); ++digit, left /= 16)
        *digit = "0123456789abcdef"[left % 16];
    return time.substr(0, 8) + '-' + time.substr(8) + "-7" + hex.substr(0, 3) + "-8" + hex.substr(3, 3) +
           '-' + hex.substr(6, 12);
}

void line_story::opens_order(const std::string& order, const std::string& product, std::int64_t quota) {
    append(ledger::order_opened{order_name(order), product_name(product), quota, "Chen", false});
}

line_story::attempt line_story::starts(const board& which, milliseconds takes) {
    attempt made{attempt_id(next_id()), which, takes, {}, {}};
    made.certificate = certificate_id(sha256_hex("certificate of " + made.id.text()));
    append(ledger::attempt_started{made.id, slot_name(which.slot), "pci-0000:00:14.0-usb-0:1." + which.slot,
                                   product_name(which.product)});
    return made;
}

void line_story::goes_until(attempt& of, const std::string& last) {
    for (const auto& [name, share] : steps) {
        const std::string step = name;
        const milliseconds takes{of.takes.count() * share / 100};
        later(takes);
        of.step_ms[step] = takes.count();
        if (step == last) return;
        const auto& id = of.id;
        const auto serial = serial_number(of.who.serial);
        const auto key = sha256_hex("key of " + id.text());
        if (step == "identify") {
            append(ledger::identified{id, serial, "device", "freertos-cli", of.who.firmware});
        } else if (step == "admit") {
            append(ledger::admitted{id, serial, order_name(of.who.order), of.who.operator_name, "sensor-line",
                                    false});
        } else if (step == "csr") {
            append(ledger::csr_made{id, sha256_hex("request of " + id.text()), key, "device"});
            append(ledger::issue_requested{id, key});
        } else if (step == "issue") {
            ledger::issued made;
            made.attempt = id;
            made.certificate = of.certificate;
            made.certificate_pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
            made.public_key_sha256 = key;
            made.not_after = *parse_rfc3339("2049-12-31T23:59:59Z");
            made.ownership_token = secret("token of " + id.text());
            made.token_expires = clock.utc + std::chrono::hours{1};
            append(std::move(made));
            append(ledger::registration_requested{
                id, of.certificate, "sensor-line", {{"SerialNumber", of.who.serial}}});
        } else if (step == "register") {
            append(ledger::registered{id, of.certificate, thing_name("fleet-" + of.who.serial), {}, {}});
            append(ledger::delivery_started{id, of.certificate});
        } else if (step == "deliver") {
            append(ledger::delivered{id, of.certificate});
        } else if (step == "prove") {
            append(ledger::proved{id, of.certificate, "readback"});
        }
    }
}

void line_story::ends(attempt& of, const std::string& outcome, const std::string& step,
                      const std::string& code, const std::string& text) {
    ledger::attempt_finished end;
    end.attempt = of.id;
    end.outcome = outcome;
    end.failure_step = step;
    end.failure_code = code;
    end.failure_text = text;
    for (const auto& [name, takes] : of.step_ms) end.duration_ms += takes;
    end.step_ms = of.step_ms;
    append(std::move(end));
}

void line_story::passes(const board& which, milliseconds takes) {
    auto made = starts(which, takes);
    goes_until(made, "none");
    ends(made, "passed", "", "", "");
}

void line_story::is_reworked(const board& which, const std::string& reason) {
    append(ledger::rework_authorised{serial_number(which.serial), reason, "Chen"});
    passes(which);
}

void line_story::fails(const board& which, const std::string& step, const std::string& code,
                       const std::string& text, const std::string& transcript) {
    auto made = starts(which, milliseconds{12'000});
    goes_until(made, step);
    if (!transcript.empty()) book_->store_transcript(made.id, transcript);
    ends(made, "failed", step, code, text);
}

void line_story::is_refused(const board& which, const std::string& code, const std::string& text) {
    auto made = starts(which, milliseconds{12'000});
    goes_until(made, "admit");
    ends(made, "refused", "admit", code, text);
}

void line_story::is_abandoned(const board& which, const std::string& step) {
    auto made = starts(which, milliseconds{12'000});
    goes_until(made, step);
    ends(made, "abandoned", step, "port-gone", "the port went away");
}

void line_story::is_left_open(const board& which) {
    auto made = starts(which, milliseconds{12'000});
    goes_until(made, "deliver");
}

void tell_a_day(line_story& line) {
    using std::chrono::minutes;
    line.append(ledger::station_started{"0.1.0", sha256_hex("configuration")});
    line.opens_order("WO-17", "sensor", 500);
    line.at("2026-11-24T06:00:05Z");
    line.passes({"SN0001"});
    line.passes({"SN0002", "A2"}, milliseconds{11'870});
    line.later(minutes{20});
    line.fails({"SN0003", "B1"}, "deliver", "device-write-failed",
               "Writing the certificate, serial SN0003: the board answered \"ERROR: no space\"");
    line.later(minutes{2});
    line.passes({"SN0003", "B1"}, milliseconds{14'020});
    line.fails({"", "A1", "sensor", "", ""}, "identify", "device-no-answer",
               "Waking the console, slot A1: nothing came back in 5 s");
    line.later(minutes{50});
    line.is_refused({"SN0001", "A2"}, "already-provisioned", "passed at 2026-11-24T06:00:17Z in slot A1");
    line.passes({"SN-0004", "A1", "传感器", "订单-三", "李明", "2.0.0-测试"});
    line.is_abandoned({"SN0005", "B2"}, "csr");
    line.later(minutes{70});
    line.is_reworked({"SN0002", "A2"}, "antenna replaced");
    line.passes({"=SUM(A1)", "B1", "gateway, \"large\"", "WO-18", "Öz"}, milliseconds{95'000});
    line.later(minutes{5});
    line.is_left_open({"SN0006", "B2"});
}

void tell_many(line_story& line, std::int64_t boards, int slots, std::uint32_t seed) {
    std::mt19937 random{seed};
    const auto below = [&random](std::uint32_t n) { return static_cast<int>(random() % n); };
    static constexpr std::array<std::pair<const char*, const char*>, 6> faults{
        {{"identify", "device-no-answer"},
         {"csr", "device-key-failed"},
         {"issue", "cloud-no-answer"},
         {"register", "cloud-denied"},
         {"deliver", "device-write-failed"},
         {"prove", "device-proof-failed"}}};
    line.opens_order("WO-1", "sensor", 0);
    for (std::int64_t number = 0; number < boards; ++number) {
        std::string digits = std::to_string(number);
        digits.insert(0, digits.size() < 8 ? 8 - digits.size() : 0, '0');
        board who{"SN" + digits, "A" + std::to_string(number % slots + 1)};
        who.order = "WO-" + std::to_string(number / 500 + 1);
        if (below(100) < 4) {
            const auto& [step, code] = faults.at(static_cast<std::size_t>(below(faults.size())));
            line.fails(who, step, code, "as it happens");
            line.later(milliseconds{1000});
        }
        if (below(1000) < 3) line.is_abandoned(who, "deliver");
        line.passes(who, milliseconds{10'000 + below(5000)});
        line.clock.utc -= milliseconds{10'000};  // the slots work side by side
        line.later(milliseconds{10'000 / slots});
    }
}

}  // namespace fleetline::test
