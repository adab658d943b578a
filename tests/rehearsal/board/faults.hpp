// SPDX-License-Identifier: Apache-2.0
// The ways a simulated board can misbehave, by name; README.md says what each does. Set from the command line
// or over the control socket, per board.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace fleetline::rehearsal_board {

class fault_set {
  public:
    // Whether the name is one of ours.
    static bool known(std::string_view name);
    // "a, b, c"
    static std::string all();

    void set(const std::string& name, const std::string& value) { set_[name] = value; }
    void clear() { set_.clear(); }
    void clear(std::string_view name);
    bool has(std::string_view name) const { return set_.find(name) != set_.end(); }
    std::string value(std::string_view name, std::string_view otherwise) const;
    long number(std::string_view name, long otherwise) const;
    const std::map<std::string, std::string, std::less<>>& list() const { return set_; }

  private:
    std::map<std::string, std::string, std::less<>> set_;
};

}  // namespace fleetline::rehearsal_board
