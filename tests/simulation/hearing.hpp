// SPDX-License-Identifier: Apache-2.0
// The ledger has a thread of its own: what it answers waits until the station's thread is free to hear it,
// which may do other things first. To the ledger this is the executor that it answers to.
#pragma once

#include <boost/asio/execution.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "agenda.hpp"

namespace fleetline::simulation {

class hearing {
  public:
    /// `latest`: it hears of an answer after so long, at most.
    hearing(boost::asio::io_context& station, dice& chance, agenda& time, milliseconds latest)
        : station_(station), chance_(chance), time_(time), latest_(latest) {}

    class executor {
      public:
        explicit executor(hearing& of) : of_(&of) {}

        boost::asio::execution_context& query(boost::asio::execution::context_t /*which*/) const noexcept {
            return of_->station_;
        }
        static constexpr boost::asio::execution::blocking_t::never_t query(
            boost::asio::execution::blocking_t /*which*/) noexcept {
            return {};
        }
        template <class Function>
        void execute(Function answer) const {
            of_->take(std::move(answer));
        }
        bool operator==(const executor& other) const noexcept { return of_ == other.of_; }
        bool operator!=(const executor& other) const noexcept { return of_ != other.of_; }

      private:
        hearing* of_;
    };

    /// The station is dead.
    void end() {
        ended_ = true;
        waiting_.clear();
    }

  private:
    template <class Function>
    void take(Function answer) {
        if (ended_) return;
        if (latest_ == milliseconds{0}) return boost::asio::post(station_, std::move(answer));
        waiting_.push_back([this, held = std::make_shared<Function>(std::move(answer))] {
            boost::asio::post(station_, std::move(*held));
        });
        if (waiting_.size() > 1) return;
        time_.after(chance_.up_to(latest_), agenda::owner::station, [this] {
            for (const auto& one : std::exchange(waiting_, {})) one();
        });
    }

    boost::asio::io_context& station_;
    dice& chance_;
    agenda& time_;
    milliseconds latest_;
    std::vector<std::function<void()>> waiting_;  ///< in the order they were given
    bool ended_ = false;
};

}  // namespace fleetline::simulation
