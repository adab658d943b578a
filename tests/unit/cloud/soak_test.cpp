// SPDX-License-Identifier: Apache-2.0
// One session for a whole shift: what it holds must not grow with the boards that went through it.
// FLEETLINE_SOAK_BOARDS=20000 makes it long; by default it is short.
#include <malloc.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool memory_tells = false;  // a sanitizer keeps what was freed
#else
constexpr bool memory_tells = true;
#endif
// The session knows its last requests by their keys, to recognise late answers; so the first half is warm-up.
constexpr long most_growth_kib = 4'096;
constexpr std::size_t at_once = 64;

struct footprint {
    long resident_kib = 0;
    std::ptrdiff_t descriptors = 0;
};

footprint look() {
    malloc_trim(0);
    long total = 0;
    long resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return {resident * 4, std::distance(begin(open), end(open))};
}

class shift {
  public:
    shift(running_session& line, std::size_t boards) : line_(line), boards_(boards) {}

    asio::awaitable<void> run() {
        cloud::bell done(line_.io.get_executor());
        std::size_t running = at_once;
        for (std::size_t worker = 0; worker < at_once; ++worker) {
            asio::co_spawn(line_.io, work(), [&](std::exception_ptr) {
                --running;
                done.ring();
            });
        }
        while (running > 0) co_await done.wait();
        end = look();
    }

    std::size_t passed = 0;
    footprint middle, end;

  private:
    asio::awaitable<void> work() {
        co_await line_.session.available();
        while (begun_ < boards_) {
            const board made("SN" + std::to_string(100'000 + begun_++));
            auto issued = co_await end_of(line_.session.create_certificate(certificate_for(made)));
            if (!issued.value) continue;
            auto request = registration_for(made, std::string(issued.value->ownership_token.reveal()));
            const auto registered = co_await end_of(line_.session.register_thing(std::move(request)));
            if (registered.value && registered.value->thing.text() == "board-" + made.serial) ++passed;
            if (++ended_ == boards_ / 2) middle = look();
        }
    }

    running_session& line_;
    const std::size_t boards_;
    std::size_t begun_ = 0;
    std::size_t ended_ = 0;
};

}  // namespace

TEST_CASE("boards by the thousand go through one session, and nothing of them stays", "[cloud][soak]") {
    const char* const wish = std::getenv("FLEETLINE_SOAK_BOARDS");
    const std::size_t boards = wish != nullptr ? std::strtoull(wish, nullptr, 10) : 500;
    broker mosquitto;
    mosquitto.start();
    const scripted_cloud aws(mosquitto.plain_port, honest_answers());
    auto settings = mosquitto.settings();
    settings.window = at_once;
    running_session line(settings);
    shift whole(line, boards);

    line.during(whole.run());

    CHECK(whole.passed == boards);
    CHECK(whole.end.descriptors == whole.middle.descriptors);
    CHECK(line.notes.certificates.empty());
    if (memory_tells) CHECK(whole.end.resident_kib - whole.middle.resident_kib < most_growth_kib);
    if (wish != nullptr)
        WARN("resident " << whole.middle.resident_kib << " KiB after half of " << boards << " boards, "
                         << whole.end.resident_kib << " KiB at the end; descriptors "
                         << whole.middle.descriptors << ", " << whole.end.descriptors);
}
