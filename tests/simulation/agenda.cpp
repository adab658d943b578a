// SPDX-License-Identifier: Apache-2.0
#include "agenda.hpp"

#include <boost/asio/this_coro.hpp>

#include "core/signal.hpp"

namespace fleetline::simulation {

boost::asio::awaitable<void> agenda::wait_until(monotonic_time when) {
    const auto executor = co_await boost::asio::this_coro::executor;
    auto rung = std::make_shared<signal>(executor);
    const auto delay = std::max(milliseconds{0}, when - now_);
    after(delay, owner::station, [weak = std::weak_ptr<signal>(rung)] {
        if (const auto held = weak.lock()) held->set();
    });
    co_await rung->wait();
}

void agenda::after(milliseconds delay, owner whose, std::function<void()> what) {
    entries_.emplace(std::pair(now_ + delay, chance_.any()), entry{whose, std::move(what)});
}

void agenda::drop_station() {
    std::erase_if(entries_, [](const auto& one) { return one.second.whose == owner::station; });
}

std::optional<monotonic_time> agenda::next() const {
    if (entries_.empty()) return std::nullopt;
    return entries_.begin()->first.first;
}

void agenda::take() {
    auto first = entries_.extract(entries_.begin());
    go_on_to(first.key().first);
    first.mapped().what();
}

}  // namespace fleetline::simulation
