// SPDX-License-Identifier: Apache-2.0
// A board of the dialect over a PTY with its far end, and a credential that fits the captured key.
#pragma once

#include <boost/asio/detached.hpp>

#include "dialect/freertos_cli.hpp"
#include "unit/dialect/capture.hpp"
#include "unit/dialect/far_end.hpp"
#include "unit/serial/pty.hpp"
#include "x509/x509.hpp"

namespace fleetline::test {

inline dialect::freertos_limits quick_limits() {
    dialect::freertos_limits limits;
    limits.settled_after = milliseconds{300};
    limits.boot = milliseconds{2'000};
    return limits;
}

struct bench {
    explicit bench(const dialect::freertos_limits& limits = quick_limits())
        : board(std::make_unique<serial::console>(
                    serial::port(context.get_executor(), line.path(), serial::port_settings{}), time),
                limits) {
        boost::asio::co_spawn(context, far.serve(), boost::asio::detached);
    }

    template <class T>
    auto run(boost::asio::awaitable<T> what) {
        return test::run(context, std::move(what));
    }

    /// The failure's code, "" if there was none.
    template <class T>
    std::string code_of(boost::asio::awaitable<T> what) {
        try {
            run(std::move(what));
        } catch (const failure& error) {
            why = error.what();
            return error.code();
        }
        return "";
    }

    static station::credential credential_for(const station::signing_request& request) {
        const auto captured = capture::load("04-pki-happy-path");
        station::credential what;
        what.certificate_pem = captured.certificate_sent(1);
        what.certificate_der = x509::parse_certificate(what.certificate_pem)->der;
        what.ca_pem = captured.certificate_sent(2);
        what.thing = thing_name("SN000123-thing");
        what.endpoint = "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com";
        what.port = 8443;
        what.public_key = request.public_key;
        return what;
    }

    /// The whole way of a board; every step must go well.
    boost::asio::awaitable<void> provision() {
        co_await board.identify();
        const auto request = co_await board.make_csr("SN000123");
        const station::credential what = credential_for(request);
        co_await board.deliver(what);
        const auto proof = co_await board.prove(what);
        if (proof != station::proof::readback) throw std::runtime_error("not proved by reading back");
        co_await board.finish();
    }

    boost::asio::io_context context;
    system_time_source time;
    pty line{context.get_executor()};
    far_end far{context, line};
    dialect::freertos_cli board;
    std::string why;
};

}  // namespace fleetline::test
