// SPDX-License-Identifier: Apache-2.0
// What the service manager is told, over its socket.
#include "service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "status_line.hpp"
#include "support/scratch_directory.hpp"

using namespace fleetline;
using daemon::service_manager;
using daemon::status_line;

namespace {

/// The manager's end of NOTIFY_SOCKET.
class notices {
  public:
    notices() {
        const std::string path = directory_.file("socket");
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size());
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("no socket");
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    notices(const notices&) = delete;
    notices& operator=(const notices&) = delete;
    ~notices() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(socket_);
    }

    /// All that came since it was last asked.
    std::vector<std::string> take() const {
        std::vector<std::string> all;
        std::array<char, 4096> buffer{};
        for (ssize_t size = 0; (size = ::recv(socket_, buffer.data(), buffer.size(), 0)) >= 0;)
            all.emplace_back(buffer.data(), static_cast<std::size_t>(size));
        return all;
    }

  private:
    test::scratch_directory directory_;
    int socket_ = -1;
};

class set_clock final : public time_source {
  public:
    utc_time utc_now() const override { return utc_time{moment.time_since_epoch()}; }
    monotonic_time now() const override { return moment; }
    bool synchronised() const override { return true; }
    boost::asio::awaitable<void> wait_until(monotonic_time) override { co_return; }

    monotonic_time moment{milliseconds{1'000'000}};
};

using told = std::vector<std::string>;

station::station_status three_slots() {
    station::station_status now;
    now.cloud.connected = true;
    now.slots.resize(3);
    return now;
}

}  // namespace

TEST_CASE("the service manager is told a status when it is another", "[daemon][service]") {
    const notices heard;
    set_clock clock;
    service_manager manager(clock);
    manager.ready("Ready: 1 slot");
    CHECK(heard.take() == told{"READY=1\nSTATUS=Ready: 1 slot"});
    manager.status("Ready: 1 slot");
    CHECK(heard.take().empty());
    manager.status("Ready: 1 slot; cloud away");
    manager.status("Ready: 1 slot; cloud away");
    manager.status("Ready: 1 slot");
    CHECK(heard.take() == told{"STATUS=Ready: 1 slot; cloud away", "STATUS=Ready: 1 slot"});
}

TEST_CASE("a stop asks for the time that the configuration gives it", "[daemon][service]") {
    const notices heard;
    set_clock clock;
    service_manager manager(clock);
    manager.stopping(std::chrono::minutes{10});
    CHECK(heard.take() == told{"STOPPING=1\nSTATUS=Stopping\nEXTEND_TIMEOUT_USEC=620000000"});
}

TEST_CASE("a start that takes long asks for time while it gets on", "[daemon][service]") {
    const notices heard;
    set_clock clock;
    service_manager manager(clock);
    manager.still_starting("Working");
    manager.still_starting("Working");
    CHECK(heard.take() == told{"STATUS=Working\nEXTEND_TIMEOUT_USEC=60000000"});
    clock.moment += std::chrono::seconds{2};
    manager.still_starting("Working");
    manager.still_starting("Working");
    CHECK(heard.take().size() == 1);
}

TEST_CASE("the station's line for the service manager says how it is", "[daemon][service]") {
    auto now = three_slots();
    CHECK(status_line(now) == "Ready: 3 slots; cloud connected");
    now.slots[0].state = station::slot_state::working;
    CHECK(status_line(now) == "Ready: 3 slots, 1 board at work; cloud connected");
    now.slots[1].state = station::slot_state::waiting_for_cloud;
    now.slots[2].state = station::slot_state::passed;
    now.cloud.connected = false;
    CHECK(status_line(now) == "Ready: 3 slots, 2 boards at work; cloud not connected yet");
    now.cloud.trouble = "no route\nREADY=1";
    now.ledger_writable = false;
    now.ledger_trouble = "disk full";
    CHECK(status_line(now) ==
          "Ready: 3 slots, 2 boards at work; cloud away: no route\\x0aREADY=1; the ledger cannot be written: "
          "disk full");
    now = three_slots();
    now.stopping = true;
    CHECK(status_line(now) == "Stopping; cloud connected");
    now.slots[0].state = station::slot_state::working;
    CHECK(status_line(now) == "Stopping: 1 board at work; cloud connected");
}
