// SPDX-License-Identifier: Apache-2.0
#include "signing_desk.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

namespace fleetline::daemon {

namespace asio = boost::asio;

struct signing_desk::parts {
    explicit parts(ledger::station_key given) : key(std::move(given)) {}
    ledger::station_key key;
    asio::thread_pool thread{1};
};

signing_desk::signing_desk(ledger::station_key key) : parts_(std::make_unique<parts>(std::move(key))) {}

signing_desk::~signing_desk() {
    parts_->thread.join();
}

asio::awaitable<std::string> signing_desk::sign(std::string text) {
    auto work = [this, text = std::move(text)]() -> asio::awaitable<std::string> {
        std::string signature = parts_->key.sign(text);
        co_return signature;
    };
    std::string signature = co_await asio::co_spawn(parts_->thread, std::move(work), asio::use_awaitable);
    co_return signature;
}

}  // namespace fleetline::daemon
