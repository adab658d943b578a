// SPDX-License-Identifier: Apache-2.0
#include "unit/api/api_line.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "core/logger.hpp"

namespace fleetline::api::test {

namespace asio = boost::asio;

struct line::running {
    logger log{logger::target::nowhere};
    asio::io_context io{1};
    asio::cancellation_signal stop;
    std::unique_ptr<server> served;
    std::thread thread;
};

line::line(const std::function<void(settings&)>& adjust, const std::function<void(providers&)>& more)
    : running_(std::make_unique<running>()) {
    now.station = "station-1";
    now.started_at = utc_time{milliseconds{1'764'000'000'000}};
    now.slots.resize(2);
    now.slots[0].slot = slot_name{"A1"};
    now.slots[1].slot = slot_name{"A2"};
    wanted.socket = home.path() / "api.sock";
    wanted.ledger_file = home.path() / "ledger.db";
    wanted.limit.live_pause = milliseconds{1};
    if (adjust) adjust(wanted);
    providers station;
    station.snapshot = [this] { return now; };
    if (more) more(station);
    auto& here = *running_;
    here.served = std::make_unique<server>(wanted, here.io.get_executor(), std::move(station), here.log);
    asio::co_spawn(here.io, here.served->run(),
                   asio::bind_cancellation_slot(here.stop.slot(), [](std::exception_ptr) {}));
    here.thread = std::thread([&here] { here.io.run(); });
}

line::~line() {
    stop();
}

void line::stop() {
    auto& here = *running_;
    if (!here.thread.joinable()) return;
    asio::post(here.io, [&here] { here.stop.emit(asio::cancellation_type::terminal); });
    here.thread.join();
}

void line::change(const std::function<void(station::station_status&)>& how) {
    on_thread([&] {
        how(now);
        served().changed();
    });
}

void line::on_thread(const std::function<void()>& what) {
    std::promise<void> done;
    asio::post(running_->io, [&] {
        what();
        done.set_value();
    });
    done.get_future().get();
}

std::uint16_t line::port() const {
    return running_->served->port();
}

server& line::served() {
    return *running_->served;
}

answer line::get(const std::string& path, const std::string& headers) const {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
}

answer line::post(const std::string& path, const std::string& body, const std::string& headers,
                  const std::string& type) const {
    return ask("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: " + type +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body);
}

answer line::ask(const std::string& bytes) const {
    client one{wanted.socket};
    one.send(bytes);
    return parse(one.receive_all());
}

answer line::ask_tcp(const std::string& bytes) const {
    client one{port()};
    one.send(bytes);
    return parse(one.receive_all());
}

answer line::get_tcp(const std::string& path, const std::string& headers) const {
    return ask_tcp("GET " + path + " HTTP/1.1\r\nHost: localhost:" + std::to_string(port()) +
                   "\r\nConnection: close\r\n" + headers + "\r\n");
}

}  // namespace fleetline::api::test
