// SPDX-License-Identifier: Apache-2.0
// Measures the ledger: builds one of N attempts with a real chain, then looks things up,
// exports, verifies. Prints a JSON list of {"metric", "value", "unit"}.
//
// usage: bench_ledger [--attempts N] [--file PATH] [--keep]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "core/unique_id.hpp"
#include "ledger/event_codec.hpp"
#include "ledger/reader.hpp"
#include "ledger/writer.hpp"

using namespace fleetline;

namespace {

using steady = std::chrono::steady_clock;

double seconds_since(steady::time_point began) {
    return std::chrono::duration<double>(steady::now() - began).count();
}

class results {
  public:
    void add(const std::string& metric, double value, const char* unit) {
        std::fprintf(stderr, "%-44s %14.3f %s\n", metric.c_str(), value, unit);
        char line[256];
        std::snprintf(line, sizeof line, "%s{\"metric\":\"%s\",\"value\":%.6g,\"unit\":\"%s\"}",
                      text_.empty() ? "" : ",\n ", metric.c_str(), value, unit);
        text_ += line;
    }
    void print() const { std::printf("[%s]\n", text_.c_str()); }

  private:
    std::string text_;
};

double peak_memory_mib() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    return static_cast<double>(used.ru_maxrss) / 1024;
}

/// As long as one that AWS signs for a P-256 key.
std::string certificate_pem(std::mt19937_64& chance) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string pem = "-----BEGIN CERTIFICATE-----\n";
    for (int line = 0; line < 14; ++line) {
        for (int i = 0; i < 64; i += 8)
            for (std::uint64_t bits = chance(), n = 0; n < 8; ++n, bits >>= 6) pem += alphabet[bits & 63];
        pem += '\n';
    }
    return pem + "-----END CERTIFICATE-----\n";
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
    const std::vector<std::string>& some_certificates() const { return certificates_; }

  private:
    template <class Event>
    void add(Event what) {
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
        ++made_;
        const attempt_id id(make_unique_id(now_));
        ledger::attempt_started started;
        started.attempt = id;
        started.slot = slot_name("A" + std::to_string(made_ % 16 + 1));
        started.port = "pci-0000:00:14.0-usb-0:" + std::to_string(made_ % 16 + 1) + ":1.0";
        started.product = product_name("meter");
        add(std::move(started));
        ledger::identified who;
        who.attempt = id;
        who.serial = serial_number(serial);
        who.serial_source = "device";
        who.dialect = "freertos-cli";
        who.firmware_version = "1.4.2";
        add(std::move(who));
        ledger::admitted admitted;
        admitted.attempt = id;
        admitted.serial = serial_number(serial);
        admitted.order = order_name("WO-1");
        admitted.operator_name = "kim";
        admitted.template_name = "fleetline-meter";
        add(std::move(admitted));
        if (passes) credential(id, serial);
        ledger::attempt_finished ended;
        ended.attempt = id;
        ended.outcome = passes ? "passed" : "failed";
        if (!passes) ended.failure_code = "port-gone";
        if (!passes) ended.failure_step = "csr";
        ended.duration_ms = 4000 + static_cast<std::int64_t>(chance_() % 1000);
        ended.step_ms = {{"identify", 300}, {"csr", 900},      {"issue", 80},
                         {"register", 90},  {"deliver", 1200}, {"prove", 700}};
        add(std::move(ended));
    }

    void credential(const attempt_id& id, const std::string& serial) {
        const std::string key = sha256_hex("key" + id.text());
        const certificate_id certificate(sha256_hex("certificate" + id.text()));
        if (made_ % 997 == 0 && certificates_.size() < 2000) certificates_.push_back(certificate.text());
        ledger::csr_made csr;
        csr.attempt = id;
        csr.csr_sha256 = sha256_hex("csr" + id.text());
        csr.public_key_sha256 = key;
        csr.key_origin = "device";
        add(std::move(csr));
        ledger::issue_requested asked;
        asked.attempt = id;
        asked.public_key_sha256 = key;
        add(std::move(asked));
        ledger::issued issued;
        issued.attempt = id;
        issued.certificate = certificate;
        issued.certificate_pem = certificate_pem(chance_);
        issued.public_key_sha256 = key;
        issued.not_after = utc_time{std::chrono::sys_days{std::chrono::year{2049} / 12 / 31}};
        issued.token_expires = now_ + std::chrono::hours{1};
        add(std::move(issued));
        ledger::registration_requested registration;
        registration.attempt = id;
        registration.certificate = certificate;
        registration.template_name = "fleetline-meter";
        registration.parameters = {{"SerialNumber", serial}};
        add(std::move(registration));
        ledger::registered registered;
        registered.attempt = id;
        registered.certificate = certificate;
        registered.thing = thing_name("meter-" + serial);
        registered.device_configuration = {{"SerialNumber", serial}};
        add(std::move(registered));
        ledger::delivery_started begun;
        begun.attempt = id;
        begun.certificate = certificate;
        add(std::move(begun));
        ledger::delivered delivered;
        delivered.attempt = id;
        delivered.certificate = certificate;
        add(std::move(delivered));
        ledger::proved proved;
        proved.attempt = id;
        proved.certificate = certificate;
        proved.proof = "readback";
        add(std::move(proved));
    }

    ledger::writer& to_;
    std::uint64_t wanted_;
    std::uint64_t made_ = 0;
    std::uint64_t boards_ = 0;
    std::uint64_t events_ = 0;
    utc_time now_ = utc_time{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}};
    std::mt19937_64 chance_{1};
    std::vector<ledger::accepted> group_;
    std::vector<std::string> certificates_;
};

template <class What>
void percentile(results& out, const std::string& metric, int times, What what) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
        const auto began = steady::now();
        what(i);
        took.push_back(seconds_since(began) * 1000);
    }
    std::sort(took.begin(), took.end());
    out.add(metric + ".p50", took[took.size() / 2], "ms");
    out.add(metric + ".p99", took[took.size() * 99 / 100], "ms");
}

void measure(const std::filesystem::path& file, const generator& made, results& out) {
    auto began = steady::now();
    const ledger::reader book(file);
    out.add("ledger.open", seconds_since(began) * 1000, "ms");
    std::mt19937_64 chance(2);
    const auto must = [](bool holds) {
        if (!holds) throw std::runtime_error("a lookup found nothing");
    };
    const auto any_serial = [&] { return generator::serial_of(chance() % made.boards()); };
    percentile(out, "ledger.lookup.serial", 2000, [&](int) { must(!book.find(any_serial()).empty()); });
    percentile(out, "ledger.lookup.thing", 2000,
               [&](int) { must(!book.find("meter-" + any_serial()).empty()); });
    const auto& certificates = made.some_certificates();
    if (!certificates.empty())
        percentile(out, "ledger.lookup.certificate", 2000, [&](int i) {
            must(!book.find(certificates[static_cast<std::size_t>(i) % certificates.size()].substr(0, 12))
                      .empty());
        });
    percentile(out, "ledger.device", 1000, [&](int) { must(book.device(any_serial()).has_value()); });
    percentile(out, "ledger.newest_50", 200, [&](int) {
        ledger::filter wanted;
        wanted.limit = 50;
        book.attempts(wanted, [](const auto&) { return true; });
    });
    began = steady::now();
    std::uint64_t rows = 0;
    ledger::filter all;
    all.newest_first = false;
    book.attempts(all, [&rows](const auto&) { return ++rows != 0; });
    out.add("ledger.read_attempts", static_cast<double>(rows) / seconds_since(began), "rows/s");
    began = steady::now();
    const auto found = book.verify();
    out.add("ledger.verify", static_cast<double>(found.events) / seconds_since(began), "events/s");
    if (!found.problems.empty()) throw std::runtime_error(found.problems.front());
    out.add("ledger.peak_memory", peak_memory_mib(), "MiB");
}

}  // namespace

int main(int argc, char** argv) try {
    std::uint64_t attempts = 100'000;
    std::filesystem::path file = std::filesystem::temp_directory_path() / "fleetline-bench-ledger.db";
    bool keep = false;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--attempts") == 0 && i + 1 < argc)
            attempts = std::stoull(argv[++i]);
        else if (std::strcmp(argv[i], "--file") == 0 && i + 1 < argc)
            file = argv[++i];
        else if (std::strcmp(argv[i], "--keep") == 0)
            keep = true;
    }
    const auto remove = [&file] {
        for (const char* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + ending);
    };
    remove();
    results out;
    {
        ledger::options how;
        how.file = file;
        how.station = "bench";
        how.durable = false;
        ledger::writer to(how);
        generator made(to, attempts);
        const auto began = steady::now();
        const auto events = made.run();
        out.add("ledger.generate", static_cast<double>(events) / seconds_since(began), "events/s");
        out.add("ledger.size",
                static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(attempts),
                "bytes/attempt");
        measure(file, made, out);
    }
    out.print();
    if (!keep) remove();
    return 0;
} catch (const std::exception& why) {
    std::cerr << "bench_ledger: " << why.what() << '\n';
    return 1;
}
