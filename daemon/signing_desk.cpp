// SPDX-License-Identifier: Apache-2.0
#include "signing_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace fleetline::daemon {

namespace asio = boost::asio;

signing_desk::signing_desk(ledger::station_key key) : key_(std::move(key)) {}

signing_desk::~signing_desk() {
    thread_.join();
}

asio::awaitable<std::string> signing_desk::sign(std::string text) {
    auto work = [this, text = std::move(text)]() -> asio::awaitable<std::string> {
        std::string signature = key_.sign(text);
        co_return signature;
    };
    std::string signature = co_await asio::co_spawn(thread_, std::move(work), asio::use_awaitable);
    co_return signature;
}

}  // namespace fleetline::daemon
