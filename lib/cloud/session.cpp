// SPDX-License-Identifier: Apache-2.0
#include "cloud/session.hpp"

#include <boost/asio/this_coro.hpp>

#include "cloud/bell.hpp"
#include "cloud/connection.hpp"
#include "cloud/messages.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

session::session(asio::any_io_executor executor, session_settings settings, time_source& time,
                 const logger& log, station::issuer_observer& observer)
    : connection_(
          std::make_unique<connection>(std::move(executor), std::move(settings), time, log, observer)) {}

session::~session() = default;

asio::awaitable<void> session::run() {
    return connection_->run();
}

void session::claim_replaced() {
    connection_->claim_replaced();
}

station::issuer_status session::status() const {
    return connection_->status();
}

claim_report session::claim() const {
    return connection_->claim();
}

session_counters session::counters() const {
    return connection_->counters();
}

asio::awaitable<void> session::available() {
    return connection_->available();
}

namespace {

/// Where a call's outcome waits for its coroutine; the coroutine may be gone by then.
template <class T>
struct landing {
    explicit landing(const asio::any_io_executor& executor) : rung(executor) {}
    bell rung;
    std::optional<outcome<T>> result;
};

template <class T>
asio::awaitable<T> outcome_of(std::shared_ptr<landing<T>> place, connection& over, std::uint64_t id) {
    struct withdrawal {
        connection& from;
        std::uint64_t id;
        bool ended = false;
        ~withdrawal() {
            if (!ended) from.withdraw(id);
        }
    } guard{over, id};
    while (!place->result) co_await place->rung.wait();
    guard.ended = true;
    if (auto* why = std::get_if<station::request_failure>(&*place->result)) throw *why;
    co_return std::move(std::get<T>(*place->result));
}

}  // namespace

asio::awaitable<station::issued_certificate> session::create_certificate(
    station::certificate_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::issued_certificate>>(executor);
    auto asked = std::make_unique<certificate_call>();
    asked->body = write_create_request(connection_->format(), request.csr_pem);
    asked->request = std::move(request);
    asked->done = [place](outcome<station::issued_certificate> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = connection_->ask(std::move(asked));
    co_return co_await outcome_of(std::move(place), *connection_, id);
}

asio::awaitable<station::issued_keys> session::create_keys(station::keys_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::issued_keys>>(executor);
    const auto subject = "serial " + request.serial.text();
    auto asked = std::make_unique<keys_call>();
    asked->body = write_keys_request(connection_->format());
    asked->request = std::move(request);
    asked->done = [place](outcome<station::issued_keys> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = connection_->ask(std::move(asked));
    if (!id) {
        throw failure("station-configuration", "Asking the cloud for a key", subject,
                      "the session was not told that the cloud makes keys");
    }
    co_return co_await outcome_of(std::move(place), *connection_, *id);
}

monotonic_time session::registrable_from(const station::registration_request& request) const {
    return connection_->registrable_from(request);
}

asio::awaitable<station::registration> session::register_thing(station::registration_request request) {
    const auto executor = co_await asio::this_coro::executor;
    auto place = std::make_shared<landing<station::registration>>(executor);
    const auto subject = "serial " + request.serial.text();
    const auto template_name = request.template_name;
    auto asked = std::make_unique<registration_call>();
    asked->body = write_register_request(connection_->format(), request.ownership_token, request.parameters);
    asked->request = std::move(request);
    asked->done = [place](outcome<station::registration> result) {
        place->result.emplace(std::move(result));
        place->rung.ring();
    };
    const auto id = connection_->ask(std::move(asked));
    if (!id) {
        throw failure("station-configuration", "Registering the thing", subject,
                      "the session was not told of template '" + template_name + "'");
    }
    co_return co_await outcome_of(std::move(place), *connection_, *id);
}

}  // namespace fleetline::cloud
