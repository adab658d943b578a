// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include <optional>
#include <utility>

#include "cloud/messages.hpp"
#include "x509/x509.hpp"

namespace fleetline::simulation {

namespace asio = boost::asio;

namespace {

constexpr milliseconds before_reconnect{2'000};

fleetline::cloud::session_settings settings_of(const profile& day, bool earlier_life) {
    fleetline::cloud::session_settings wanted;
    wanted.client_id = "line-1";
    wanted.templates = {"widget-template"};
    wanted.window = day.window;
    wanted.earlier_life = earlier_life;
    return wanted;
}

template <class T>
struct landing {
    explicit landing(const asio::any_io_executor& executor) : rung(executor) {}
    signal rung;
    std::optional<fleetline::cloud::outcome<T>> result;
};

}  // namespace

session::session(const asio::any_io_executor& executor, const profile& day, dice& chance, agenda& time,
                 cloud& far, witness& watching, station::issuer_observer& observer, bool earlier_life)
    : executor_(executor),
      chance_(chance),
      time_(time),
      far_(far),
      witness_(watching),
      observer_(observer),
      wire_(
          settings_of(day, earlier_life),
          [this](const std::string& topic, std::string_view payload, std::uint64_t ticket) {
              const auto asked = open_.find(std::string(payload));
              if (asked != open_.end()) ++asked->second.times;
              far_.publish(topic, payload, ticket);
          },
          observer, chance.any(), time.now()),
      up_(executor) {
    wire_.set_trouble("cloud-connection-lost", "Not connected yet");
}

/// Whatever was noted of the attempt is durable.
void session::is_durable(const std::string& attempt) {
    std::erase_if(open_, [&attempt](const auto& one) { return one.second.attempt == attempt; });
}

/// The session asks again by itself when no answer comes, without an event of its own: should all of the
/// answers be lost and the station die before it notes them, the ledger knows of one.
void session::killed() {
    for (const auto& [request, asked] : open_)
        if (asked.times > 1) witness_.forgive(asked.serial, asked.times - 1);
}

session::~session() {
    far_.client_gone();
}

void session::start() {
    far_.connect(*this);
}

void session::connected() {
    up_.set();
    wire_.link_up(64);
    observer_.status_changed(status());
    pump();
}

void session::message(const std::string& topic, const std::string& payload) {
    wire_.message(topic, payload, time_.now(), time_.utc_now());
    pump();
}

void session::acknowledged(std::uint64_t ticket) {
    wire_.acknowledged(ticket, time_.now());
    pump();
}

void session::lost() {
    const bool was_up = up_.is_set();
    up_.reset();
    if (was_up) wire_.link_lost(time_.now());
    if (!was_up) wire_.link_failed();
    wire_.set_trouble("cloud-connection-lost", "the connection was lost");
    observer_.status_changed(status());
    pump();
    time_.after(chance_.up_to(before_reconnect) + milliseconds{1'000}, agenda::owner::station,
                [this] { far_.connect(*this); });
}

/// Sends what may be sent, and looks again when the next thing is due.
void session::pump() {
    wire_.pump(time_.now());
    const auto wake = wire_.wake(time_.now());
    const auto number = ++wakes_;
    if (!wake) return;
    time_.after(*wake - time_.now(), agenda::owner::station, [this, number] {
        if (number == wakes_) pump();
    });
}

station::issuer_status session::status() const {
    station::issuer_status now;
    now.connected = up_.is_set();
    if (!now.connected) now.trouble_code = now.trouble = "cloud-connection-lost";
    now.in_flight = wire_.in_flight();
    now.queued = wire_.queued();
    return now;
}

asio::awaitable<void> session::available() {
    while (!up_.is_set()) co_await up_.wait();
}

template <class Call, class Result>
asio::awaitable<Result> session::ask(std::unique_ptr<Call> asked) {
    auto place = std::make_shared<landing<Result>>(executor_);
    asked->done = [place](fleetline::cloud::outcome<Result> result) {
        place->result.emplace(std::move(result));
        place->rung.set();
    };
    std::uint64_t id = 0;
    if constexpr (std::is_same_v<Result, station::registration>)
        id = wire_.add(std::move(asked), time_.now()).value();
    else
        id = wire_.add(std::move(asked), time_.now());
    struct withdrawal {
        session& from;
        std::uint64_t id;
        bool ended = false;
        ~withdrawal() {
            if (!ended) from.wire_.withdraw(id, from.time_.now());
        }
    } guard{*this, id};
    pump();
    co_await place->rung.wait();
    guard.ended = true;
    if (auto* why = std::get_if<station::request_failure>(&*place->result)) throw *why;
    co_return std::move(std::get<Result>(*place->result));
}

asio::awaitable<station::issued_certificate> session::create_certificate(
    station::certificate_request request) {
    witness_.saw("a certificate is asked for", request.attempt.text(), "issue-requested");
    auto asked = std::make_unique<fleetline::cloud::certificate_call>();
    asked->body =
        fleetline::cloud::write_create_request(fleetline::cloud::payload_format::json, request.csr_pem);
    open_[asked->body] = {request.attempt.text(), request.serial.text(), 0};
    asked->request = std::move(request);
    return ask<fleetline::cloud::certificate_call, station::issued_certificate>(std::move(asked));
}

asio::awaitable<station::registration> session::register_thing(station::registration_request request) {
    witness_.saw("a thing is registered", request.attempt.text(), "registration-requested");
    witness_.saw("a thing is registered", request.attempt.text(), "admitted");
    is_durable(request.attempt.text());
    auto asked = std::make_unique<fleetline::cloud::registration_call>();
    asked->body = fleetline::cloud::write_register_request(fleetline::cloud::payload_format::json,
                                                           request.ownership_token, request.parameters);
    asked->request = std::move(request);
    return ask<fleetline::cloud::registration_call, station::registration>(std::move(asked));
}

}  // namespace fleetline::simulation
