// SPDX-License-Identifier: Apache-2.0
// A running session for the cloud tests, on the test's own thread: boards ask through it, the observer notes
// what nobody could be given.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "cloud/session.hpp"
#include "core/logger.hpp"
#include "core/time_source.hpp"
#include "core/within.hpp"
#include "workshop.hpp"

namespace fleetline::tests {

struct noted {
    std::string pem;
    std::string id;
    std::string attempt;
    std::string why;
};

class note_taker final : public station::issuer_observer {
  public:
    std::vector<noted> certificates;
    std::vector<noted> registrations;
    std::vector<station::issuer_status> statuses;

    void certificate_unaccounted(std::string pem, std::string id, attempt_id attempt,
                                 std::string why) override {
        certificates.push_back({std::move(pem), std::move(id), attempt.text(), std::move(why)});
    }
    void registration_unaccounted(std::string thing, attempt_id attempt, std::string why) override {
        registrations.push_back({{}, std::move(thing), attempt.text(), std::move(why)});
    }
    void status_changed(const station::issuer_status& status) override { statuses.push_back(status); }
};

struct board {
    explicit board(std::string number)
        : serial(std::move(number)), key(make_key()), csr(make_csr_pem(key.get(), serial)) {}
    std::string serial;
    key_ptr key;
    std::string csr;
};

inline station::certificate_request certificate_for(const board& made) {
    station::certificate_request request;
    request.attempt = attempt_id("attempt-" + made.serial);
    request.slot = slot_name("A1");
    request.serial = serial_number(made.serial);
    request.csr_pem = made.csr;
    request.public_key = public_key_of(made.key.get());
    request.subject = "CN=" + made.serial;
    return request;
}

inline station::registration_request registration_for(const board& made, const std::string& token) {
    station::registration_request request;
    request.attempt = attempt_id("attempt-" + made.serial);
    request.slot = slot_name("A1");
    request.serial = serial_number(made.serial);
    request.ownership_token = secret(token);
    request.template_name = "boards";
    request.parameters.emplace("SerialNumber", made.serial);
    request.expected_thing = thing_name("board-" + made.serial);
    request.serial_echo_key = "serial";
    return request;
}

/// What became of one call: the code of its failure, or empty.
template <class T>
struct ended {
    std::optional<T> value;
    std::string code;
    std::string words;
};

template <class T>
boost::asio::awaitable<ended<T>> end_of(boost::asio::awaitable<T> step) {
    ended<T> result;
    try {
        result.value.emplace(co_await std::move(step));
    } catch (const failure& why) {
        result.code = why.code();
        result.words = why.reason();
    }
    co_return result;
}

class running_session {
  public:
    explicit running_session(cloud::session_settings settings)
        : session(io.get_executor(), std::move(settings), time, log, notes) {}
    /// By another clock than the machine's.
    running_session(cloud::session_settings settings, time_source& other)
        : time(other), session(io.get_executor(), std::move(settings), time, log, notes) {}

  private:
    system_time_source own_time_;

  public:
    boost::asio::io_context io{1};
    time_source& time = own_time_;
    logger log{std::getenv("TEST_LOG") ? logger::target::standard_error : logger::target::nowhere,
               log_level::debug};
    note_taker notes;
    cloud::session session;

    /// Runs the session until `task` has ended, then stops it in good order.
    void during(boost::asio::awaitable<void> task) {
        using namespace boost::asio::experimental::awaitable_operators;
        std::exception_ptr error;
        boost::asio::co_spawn(
            io, settle(std::move(task)) || session.run(),
            [&error](std::exception_ptr why, auto result) { error = why ? why : std::get<0>(result).error; });
        io.run();
        io.restart();
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace fleetline::tests
