// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <catch2/catch.hpp>

#include "api/live_feed.hpp"
#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;
using api::test::client;
using api::test::line;

namespace {

/// Speaks just enough WebSocket.
class page {
  public:
    explicit page(const line& here, const std::string& query = {}, const std::string& more = {})
        : socket_(here.wanted.socket) {
        socket_.send("GET /api/v1/live" + query +
                     " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n" +
                     more + "\r\n");
        answer = socket_.receive_until("\r\n\r\n");
    }

    /// The next text message; answers pings of the server by itself.
    nlohmann::json next() {
        for (;;) {
            const auto head = socket_.receive_exactly(2);
            std::uint64_t length = static_cast<unsigned char>(head[1]) & 0x7fU;
            if (length >= 126) {
                const auto more = socket_.receive_exactly(length == 126 ? 2 : 8);
                length = 0;
                for (const char c : more) length = (length << 8U) | static_cast<unsigned char>(c);
            }
            const auto payload = socket_.receive_exactly(length);
            const auto kind = static_cast<unsigned char>(head[0]) & 0x0fU;
            if (kind == 1) return nlohmann::json::parse(payload);
            if (kind == 8) throw std::runtime_error("the server said goodbye");
        }
    }

    client& socket() { return socket_; }
    std::string answer;

  private:
    client socket_;
};

void until_nobody_watches(const line& here) {
    while (here.get("/metrics").body.find("fleetline_live_clients 0\n") == std::string::npos) {
    }
}

void work_on(line& here, const std::string& serial) {
    here.change([&](station::station_status& now) {
        now.slots[0].state = station::slot_state::working;
        now.slots[0].serial = serial_number{serial};
    });
}

}  // namespace

TEST_CASE("a page gets the whole state, then what changes, numbered", "[api]") {
    line here;
    page watching{here};
    REQUIRE(watching.answer.starts_with("HTTP/1.1 101"));
    CHECK(watching.answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") != std::string::npos);

    const auto whole = watching.next();
    CHECK(whole["type"] == "snapshot");
    CHECK(whole["status"]["slots"].size() == 2);
    const auto first = whole["seq"].get<std::int64_t>();

    work_on(here, "SN1");
    const auto change = watching.next();
    CHECK(change["type"] == "change");
    CHECK(change["seq"] == first + 1);
    REQUIRE(change["slots"].size() == 1);
    CHECK(change["slots"][0]["serial"] == "SN1");
    CHECK_FALSE(change.contains("station"));

    here.change([](station::station_status& now) { now.cloud.connected = true; });
    const auto second = watching.next();
    CHECK(second["seq"] == first + 2);
    CHECK(second["station"]["cloud"]["connected"] == true);
    CHECK_FALSE(second.contains("slots"));
}

TEST_CASE("a page that slept gets what it missed, and nothing twice", "[api]") {
    line here;
    std::string seen;
    {
        page sleeping{here};
        const auto whole = sleeping.next();
        seen = whole["epoch"].get<std::string>() + "-" + std::to_string(whole["seq"].get<std::int64_t>());
    }
    page other{here};
    other.next();
    work_on(here, "SN1");
    other.next();
    work_on(here, "SN2");
    other.next();

    page back{here, "?since=" + seen};

    const auto resumed = back.next();
    CHECK(resumed["type"] == "resumed");
    const auto first = back.next();
    CHECK(first["seq"] == resumed["seq"].get<std::int64_t>() + 1);
    CHECK(first["slots"][0]["serial"] == "SN1");
    CHECK(back.next()["slots"][0]["serial"] == "SN2");
    work_on(here, "SN3");
    CHECK(back.next()["slots"][0]["serial"] == "SN3");
}

TEST_CASE("changes that nobody watched are one change for the page that comes back", "[api]") {
    line here;
    std::string seen;
    {
        page sleeping{here};
        const auto whole = sleeping.next();
        seen = whole["epoch"].get<std::string>() + "-" + std::to_string(whole["seq"].get<std::int64_t>());
    }
    until_nobody_watches(here);
    work_on(here, "SN1");
    work_on(here, "SN2");

    page back{here, "?since=" + seen};

    CHECK(back.next()["type"] == "resumed");
    CHECK(back.next()["slots"][0]["serial"] == "SN2");
}

TEST_CASE("a page that missed too much, or comes from before a restart, gets the whole state", "[api]") {
    line here{[](settings& wanted) { wanted.limit.live_history = 2; }};
    page watching{here};
    const auto whole = watching.next();
    const auto epoch = whole["epoch"].get<std::string>();
    const auto number = std::to_string(whole["seq"].get<std::int64_t>());
    for (const auto* serial : {"SN1", "SN2", "SN3"}) {
        work_on(here, serial);
        watching.next();
    }
    for (const auto& since :
         {epoch + "-" + number, "0000-" + number, epoch + "-999", epoch + "-x", std::string{"-"}})
        CHECK(page{here, "?since=" + since}.next()["type"] == "snapshot");
}

TEST_CASE("a page that takes nothing is dropped, the others go on", "[api]") {
    line here{[](settings& wanted) { wanted.limit.live_backlog = 8; }};
    page stuck{here};
    page well{here};
    well.next();
    std::string dropped;
    std::string longest;
    // Until the kernel's buffer for the stuck page is full, and then its queue here.
    for (int i = 0; i < 4000 && dropped.empty(); ++i) {
        here.change([&](station::station_status& now) {
            now.slots[0].failure_reason = std::string(20'000, 'x') + std::to_string(i);
        });
        well.next();
        const auto told = here.get("/metrics").body;
        if (told.find("fleetline_live_dropped_total 1\n") != std::string::npos) {
            dropped = "yes";
            continue;
        }
        const std::string_view name = "\nfleetline_live_queued_longest ";
        const auto at = told.find(name) + name.size();
        longest = told.substr(at, told.find('\n', at) - at);
    }
    CHECK(dropped == "yes");
    CHECK(longest == "8");
    work_on(here, "SN9");
    CHECK(well.next()["slots"][0]["serial"] == "SN9");
}

TEST_CASE("fifty open pages are all served, and none is dropped", "[api]") {
    line here;
    here.change([](station::station_status& now) { now.slots.resize(16, now.slots[0]); });
    // How long the thread takes to get to what comes after a change of every slot: median and 95 %.
    const auto delays = [&here](const std::function<void()>& between) {
        std::vector<std::chrono::steady_clock::duration> all;
        for (int i = 0; i < 40; ++i) {
            here.change([i](station::station_status& now) {
                for (auto& slot : now.slots) slot.failure_reason = std::to_string(i);
            });
            const auto began = std::chrono::steady_clock::now();
            here.on_thread([] {});
            all.push_back(std::chrono::steady_clock::now() - began);
            between();
        }
        std::sort(all.begin(), all.end());
        return std::pair{all[all.size() / 2], all[all.size() * 95 / 100]};
    };
    const auto alone = delays([] {});
    std::vector<std::unique_ptr<page>> open;
    for (int i = 0; i < 50; ++i) {
        open.push_back(std::make_unique<page>(here));
        open.back()->next();
    }
    const auto watched = delays([&open] {
        for (auto& one : open) one->next();
    });
    const auto us = [](auto time) {
        return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    };
    // Told, not judged: a busy machine is no fault of the server's.
    WARN("a turn after a change: alone " << us(alone.first) << " us, 95 %: " << us(alone.second)
                                         << " us; with fifty pages " << us(watched.first)
                                         << " us, 95 %: " << us(watched.second) << " us");
    CHECK_THAT(here.get("/metrics").body, Catch::Contains("fleetline_live_clients 50\n"));
    CHECK_THAT(here.get("/metrics").body, Catch::Contains("fleetline_live_dropped_total 0\n"));
}

TEST_CASE("another site's page gets no feed, and a plain request is told to upgrade", "[api]") {
    line here;
    CHECK(page{here, {}, "Origin: http://evil.example\r\n"}.answer.starts_with("HTTP/1.1 403"));
    CHECK(page{here, {}, "Origin: http://localhost\r\n"}.answer.starts_with("HTTP/1.1 101"));
    const auto refused = here.get("/api/v1/live");
    CHECK(refused.status == 426);
    CHECK(refused.code() == "station-request-upgrade");
}

TEST_CASE("more pages than there are places for are refused, and a page may say nothing long", "[api]") {
    line here{[](settings& wanted) { wanted.limit.live = 1; }};
    page first{here};
    first.next();
    CHECK(page{here}.answer.starts_with("HTTP/1.1 503"));

    // A masked text frame of 5000 bytes.
    first.socket().send(std::string{"\x81\xfe\x13\x88\0\0\0\0", 8} + std::string(5000, 'a'));
    CHECK_THROWS(first.next());
}

TEST_CASE("a stop ends the feed", "[api]") {
    line here;
    page watching{here};
    watching.next();
    here.stop();
    CHECK_THROWS(watching.next());
}

TEST_CASE("the feed keeps no more than it may", "[api]") {
    limits limit;
    limit.live_backlog = 4;
    limit.live_history = 3;
    live_feed feed{limit, "e"};
    station::station_status now;
    now.slots.resize(1);
    feed.publish(now);
    int woken = 0;
    live_feed::subscription one{feed, [&woken] { ++woken; }};
    feed.start(one, "");
    for (int i = 0; i < 10; ++i) {
        now.slots[0].serial = serial_number{std::to_string(i)};
        feed.publish(now);
        feed.publish(now);  // nothing changed: nothing is sent
    }
    CHECK(one.too_slow());
    CHECK(one.next() == nullptr);
    CHECK(feed.dropped() == 1);
    CHECK(feed.number() == 11);
    CHECK(woken == 5);
}
