// SPDX-License-Identifier: Apache-2.0
// What happened in a run, line by line, in virtual time; and what was wrong with it.
#pragma once

#include <string>
#include <vector>

#include "agenda.hpp"

namespace fleetline::simulation {

class story {
  public:
    explicit story(const agenda& time) : time_(time) {}

    void tell(const std::string& what) {
        auto ms = std::to_string((time_.now() - agenda::begin).count());
        if (ms.size() < 8) ms.insert(0, 8 - ms.size(), ' ');
        lines_.push_back(ms + "  " + what);
    }
    void violation(const std::string& what) {
        tell("VIOLATION: " + what);
        violations_.push_back(what);
    }

    const std::vector<std::string>& lines() const { return lines_; }
    const std::vector<std::string>& violations() const { return violations_; }

  private:
    const agenda& time_;
    std::vector<std::string> lines_;
    std::vector<std::string> violations_;
};

inline std::string short_id(const std::string& id) {
    return id.substr(0, 8);
}

}  // namespace fleetline::simulation
