// SPDX-License-Identifier: Apache-2.0
// One life of the station: the real ledger, admission, procedure and resume, from a start to a stop or to a
// crash at any moment.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "board.hpp"
#include "cloud.hpp"
#include "ledger/ledger.hpp"
#include "station/station.hpp"

namespace fleetline::simulation {

/// What outlives the station. The world's.
struct surroundings {
    const profile& day;
    dice& chance;
    agenda& time;
    story& told;
    witness& watching;
    cloud& far;
    std::string vfs;
    std::function<void(const station::slot_status&)> on_pass;
    std::function<void()> on_nearly_done;  ///< a board is to prove what it holds
};

class life {
  public:
    /// Throws what keeps the ledger from opening.
    life(const surroundings& around, std::uint64_t number);
    ~life();
    life(const life&) = delete;
    life& operator=(const life&) = delete;

    /// One handler; false when none is ready.
    bool turn();
    /// Nothing that is left to do is done.
    void kill();
    /// It dies, or ends because of a disk that takes nothing: what it has not written nobody will ever know.
    void unwritten_is_lost();

    bool ended() const;
    std::string trouble() const;  ///< that ended it, if it was not stopped

    station::station& here();
    ledger::ledger& book();
    station::slot_status slot(const std::string& name) const;
    /// An operator's doing: `done` is called when it is durable.
    void append(ledger::event what, std::function<void()> done = {});
    void import(const std::string& order, const std::vector<serial_number>& serials);

  private:
    void drop();

    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace fleetline::simulation
