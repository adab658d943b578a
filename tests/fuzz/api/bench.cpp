// SPDX-License-Identifier: Apache-2.0
#include "bench.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "api/connection.hpp"
#include "api/providers.hpp"
#include "api/token_store.hpp"
#include "support/line_story.hpp"

namespace fleetline::fuzz {

namespace {

namespace asio = boost::asio;

std::filesystem::path new_directory() {
    std::string made = (std::filesystem::temp_directory_path() / "fleetline-fuzz-XXXXXX").string();
    if (::mkdtemp(made.data()) == nullptr) wrong("mkdtemp", made);
    return made;
}

station::station_status a_station() {
    station::station_status now;
    now.station = "station-1";
    now.orders.push_back({order_name{"WO-17"}, product_name{"sensor"}, 100, 2, "SN1", "SN9", "SN3"});
    now.slots.resize(2);
    now.slots[0].slot = slot_name{"A1"};
    now.slots[1].slot = slot_name{"A2"};
    return now;
}

void take_everything(api::providers& to) {
    to.scan = [](serial_number, slot_name, api::caller) -> asio::awaitable<slot_name> {
        co_return slot_name{"A1"};
    };
    to.retry = [](slot_name, api::caller) -> asio::awaitable<void> { co_return; };
    to.rework = [](serial_number, std::string, api::caller) -> asio::awaitable<void> { co_return; };
    to.open_order = [](api::order_opening, api::caller) -> asio::awaitable<void> { co_return; };
    to.close_order = [](order_name, api::caller) -> asio::awaitable<void> { co_return; };
    to.import_serials = [](order_name, std::vector<serial_number>, api::sent_list,
                           api::caller) -> asio::awaitable<void> { co_return; };
}

}  // namespace

bench& bench::once() {
    static bench made;
    return made;
}

bench::bench() : home_(new_directory()), log_(logger::target::nowhere) {
    api::settings wanted;
    wanted.ledger_file = home_ / "ledger.db";
    wanted.token_file = home_ / "tokens";
    {
        test::line_story story{wanted.ledger_file, "station-1"};
        test::tell_a_day(story);
    }
    api::token_store store{wanted.token_file};
    for (const api::role which : {api::role::operator_role, api::role::engineer, api::role::auditor})
        tokens[std::string{api::to_text(which)}] = store.make(api::to_text(which), which, utc_time{});
    api::providers station;
    station.snapshot = [this] {
        auto now = a_station();
        now.operator_name = operator_name_;
        return now;
    };
    take_everything(station);
    station.sign_on = [this](std::string name, api::caller) -> asio::awaitable<void> {
        operator_name_ = std::move(name);
        co_return;
    };
    here_ = std::make_unique<api::service>(wanted, std::move(station), log_);
}

bench::~bench() {
    here_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(home_, ignored);
}

void bench::change() {
    operator_name_ = operator_name_ == "Kim" ? "Lin" : "Kim";
    here_->refresh_feed();
}

std::string bench::converse(const api::peer& from, std::string_view bytes) {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) wrong("socketpair", "");
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    auto served = api::make_connection(*here_, io.get_executor(), AF_UNIX, ends[1], from, nullptr);
    bool ended = false;
    asio::co_spawn(io, served->serve(), [&ended](std::exception_ptr error) {
        if (error) wrong("serve() threw", "");
        ended = true;
    });
    std::string told;
    std::array<char, 65536> space{};
    bool all_said = false;
    while (!ended) {
        while (!bytes.empty()) {
            const auto sent = ::send(ends[0], bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) break;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        if (bytes.empty() && !std::exchange(all_said, true)) ::shutdown(ends[0], SHUT_WR);
        io.restart();
        io.run_one_for(std::chrono::milliseconds{20});
        io.poll();
        for (ssize_t got = 0; (got = ::recv(ends[0], space.data(), space.size(), 0)) > 0;)
            told.append(space.data(), static_cast<std::size_t>(got));
    }
    for (ssize_t got = 0; (got = ::recv(ends[0], space.data(), space.size(), 0)) > 0;)
        told.append(space.data(), static_cast<std::size_t>(got));
    ::close(ends[0]);
    served.reset();
    io.restart();
    io.poll();  // what was cancelled
    return told;
}

std::string_view line_of(std::string_view& input) {
    const auto end = std::min(input.find('\n'), input.size());
    const auto line = input.substr(0, end);
    input.remove_prefix(std::min(end + 1, input.size()));
    return line;
}

void wrong(std::string_view what, std::string_view detail) {
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(std::min<std::size_t>(detail.size(), 4000)), detail.data());
    std::abort();
}

void check_heads(std::string_view told) {
    if (told.empty()) return;
    if (!told.starts_with("HTTP/1.1 ")) wrong("no HTTP", told);
    // To its end: what an answer quotes of a request has no line ends.
    if (told.find("HTTP/1.1 500 Internal Server Error\r\n") != std::string_view::npos)
        wrong("our mistake", told);
}

}  // namespace fleetline::fuzz
