// SPDX-License-Identifier: Apache-2.0
// Virtual time: what is to happen when. The clock and the timers of everything in a run.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "core/time_source.hpp"
#include "dice.hpp"

namespace fleetline::simulation {

class agenda final : public time_source {
  public:
    explicit agenda(dice& chance) : chance_(chance) {}

    utc_time utc_now() const override { return utc_time{milliseconds{1'795'161'600'000}} + (now_ - begin); }
    monotonic_time now() const override { return now_; }
    bool synchronised() const override { return true; }
    boost::asio::awaitable<void> wait_until(monotonic_time when) override;

    /// Whose it is: what is the station's is dropped when it dies, the world goes on.
    enum class owner { world, station };
    void after(milliseconds delay, owner whose, std::function<void()> what);
    void drop_station();

    std::optional<monotonic_time> next() const;
    /// Goes on to the next thing and does it; of several at one time the dice say which is first.
    void take();
    void go_on_to(monotonic_time when) { now_ = std::max(now_, when); }

    static constexpr monotonic_time begin{milliseconds{1'000'000}};

  private:
    struct entry {
        owner whose;
        std::function<void()> what;
    };
    dice& chance_;
    monotonic_time now_ = begin;
    std::multimap<std::pair<monotonic_time, std::uint64_t>, entry> entries_;
};

}  // namespace fleetline::simulation
