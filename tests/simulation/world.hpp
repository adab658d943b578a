// SPDX-License-Identifier: Apache-2.0
// One run: a day of a line by one seed. First everything that can go wrong does; then all faults end, every
// board is plugged once more, and the books are checked.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checks.hpp"
#include "life.hpp"
#include "support/faulty_disk.hpp"

namespace fleetline::simulation {

class world {
  public:
    explicit world(std::uint64_t seed);
    ~world();

    void run();

    const story& told() const { return story_; }
    /// As it was left.
    std::string ledger_file() const { return disk_.find("/ledger.db")->seen; }

  private:
    void act();
    void plug_one();
    void unplug_one();
    void retry_one();
    void retry_others();
    void retry(const slot_name& slot);
    void rework_one();
    void change_orders();
    void wipe_one();
    void stop_station();
    void break_disk();

    void settle();
    bool brought_to_its_end(const std::shared_ptr<flash>& board);
    void check_delivery(const flash& board, const std::string& certificate);
    void check_pass(const station::slot_status& slot);
    void check();

    void start();
    void crash(bool power_cut);
    void end_life();
    void start_again();
    void plug(const std::shared_ptr<flash>& board, const std::string& slot);
    void unplug(flash& board);
    void turn();
    void pass(milliseconds time);
    /// False when it does not come about in that (virtual) time.
    bool until(const std::function<bool()>& holds, milliseconds within);
    std::string free_slot();

    dice chance_;
    profile day_;
    agenda time_;
    story story_;
    witness witness_;
    keys keys_;
    cloud cloud_;
    test::faulty_disk disk_;
    surroundings around_;
    bench bench_;
    std::vector<std::shared_ptr<flash>> boards_;
    std::map<std::string, order_model> orders_;
    std::unique_ptr<life> life_;
    std::uint64_t lives_ = 0;
    std::int64_t turns_left_ = -1;  ///< until the station crashes; negative: it does not
    bool closing_ = false;          ///< and the station is not to start again
    bool calm_ = false;             ///< all faults have ended
};

}  // namespace fleetline::simulation
