// SPDX-License-Identifier: Apache-2.0
// Provisions boards over one session as the station does, so many at a time, and tells how long it took: one
// JSON object. scripts/bench cloud runs it beside AWS's own client.
//   bench_cloud HOST PORT CA CLAIM CLAIM-KEY TEMPLATE BOARDS.json WINDOW
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cloud/bell.hpp"
#include "cloud/session.hpp"
#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "core/within.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
namespace asio = boost::asio;

namespace {

struct board {
    std::string serial;
    std::string csr;
    std::string public_key;
    std::string subject;
};

class nobody_listens final : public station::issuer_observer {
    void certificate_unaccounted(std::string, std::string, attempt_id, std::string) override {}
    void registration_unaccounted(std::string, attempt_id, std::string) override {}
    void status_changed(const station::issuer_status&) override {}
};

std::vector<board> read_boards(const char* file) {
    std::ifstream from(file);
    std::vector<board> boards;
    for (const auto& one : nlohmann::json::parse(from)) {
        board made{one.at("serial").get<std::string>(), one.at("csr").get<std::string>(), {}, {}};
        const auto parsed = x509::parse_csr(made.csr);  // as its dialect would have done
        made.public_key = parsed->public_key;
        made.subject = parsed->subject;
        boards.push_back(std::move(made));
    }
    return boards;
}

double cpu_ms() {
    rusage used{};
    getrusage(RUSAGE_SELF, &used);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
    };
    return ms(used.ru_utime) + ms(used.ru_stime);
}

double percentile(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const auto at = static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
    return values[at];
}

class bench {
  public:
    bench(cloud::session_settings settings, std::vector<board> boards, std::size_t together)
        : session_(io_.get_executor(), std::move(settings), time_, log_, nobody_),
          boards_(std::move(boards)),
          together_(std::min(together, boards_.size())),
          done_(io_.get_executor()),
          template_() {}

    void run(const std::string& template_name) {
        using namespace asio::experimental::awaitable_operators;
        template_ = template_name;
        asio::co_spawn(io_, settle(all()) || session_.run(), [](std::exception_ptr, auto) {});
        io_.run();
    }

    std::vector<double> latencies;
    std::size_t passed = 0;

  private:
    asio::awaitable<void> all() {
        std::size_t running = together_;
        for (std::size_t worker = 0; worker < together_; ++worker) {
            asio::co_spawn(io_, work(), [this, &running](std::exception_ptr) {
                --running;
                done_.ring();
            });
        }
        while (running > 0) co_await done_.wait();
    }

    asio::awaitable<void> work() {
        co_await session_.available();
        while (next_ < boards_.size()) {
            const auto& made = boards_[next_++];
            const auto began = std::chrono::steady_clock::now();
            const bool good = co_await provision(made);
            const auto took = std::chrono::steady_clock::now() - began;
            latencies.push_back(std::chrono::duration<double, std::milli>(took).count());
            if (good) ++passed;
        }
    }

    asio::awaitable<bool> provision(const board& made) {
        station::certificate_request asked;
        asked.serial = serial_number(made.serial);
        asked.csr_pem = made.csr;
        asked.public_key = made.public_key;
        asked.subject = made.subject;
        auto issued = co_await settle(session_.create_certificate(std::move(asked)));
        if (!issued.value) co_return false;
        station::registration_request wanted;
        wanted.serial = serial_number(made.serial);
        wanted.ownership_token = std::move(issued.value->ownership_token);
        wanted.template_name = template_;
        wanted.parameters.emplace("SerialNumber", made.serial);
        wanted.expected_thing = thing_name("fleetline-" + made.serial);
        wanted.serial_echo_key = "serialNumber";
        const auto registered = co_await settle(session_.register_thing(std::move(wanted)));
        co_return registered.value.has_value();
    }

    asio::io_context io_{1};
    system_time_source time_;
    logger log_{logger::target::standard_error, log_level::error};
    nobody_listens nobody_;
    cloud::session session_;
    std::vector<board> boards_;
    std::size_t together_;
    std::size_t next_ = 0;
    cloud::bell done_;
    std::string template_;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 9) {
        std::fputs("usage: bench_cloud HOST PORT CA CLAIM CLAIM-KEY TEMPLATE BOARDS.json WINDOW\n", stderr);
        return 2;
    }
    cloud::session_settings settings;
    settings.endpoint = argv[1];
    settings.port = static_cast<std::uint16_t>(std::strtoul(argv[2], nullptr, 10));
    settings.ca_file = argv[3];
    settings.claim.certificate_file = argv[4];
    settings.claim.key_file = argv[5];
    settings.templates = {argv[6]};
    settings.client_id = "bench-station";
    settings.window = std::strtoul(argv[8], nullptr, 10);
    settings.create = settings.register_thing = {1e5, 1e3};
    auto boards = read_boards(argv[7]);
    const auto count = boards.size();

    const auto cpu_before = cpu_ms();
    const auto began = std::chrono::steady_clock::now();
    bench measured(settings, std::move(boards), settings.window);
    measured.run(argv[6]);
    const auto wall = std::chrono::steady_clock::now() - began;
    const auto cpu = cpu_ms() - cpu_before;

    nlohmann::json result;
    result["boards"] = count;
    result["passed"] = measured.passed;
    result["seconds"] = std::chrono::duration<double>(wall).count();
    result["median_ms"] = percentile(measured.latencies, 0.5);
    result["p95_ms"] = percentile(measured.latencies, 0.95);
    result["cpu_ms"] = cpu;
    std::printf("%s\n", result.dump().c_str());
    return measured.passed == count ? 0 : 1;
}
