// SPDX-License-Identifier: Apache-2.0
// What the boards did, one JSON object a line, flushed at once: tests wait for these lines. No secret ever
// goes here.
#pragma once

#include <cstdio>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace fleetline::rehearsal_board {

class event_log {
  public:
    using value = std::variant<std::string, long, bool>;
    using field = std::pair<const char*, value>;

    // Empty path: standard output. Throws std::runtime_error.
    explicit event_log(const std::string& path);
    void write(const std::string& event, const std::string& serial, const std::string& port,
               std::initializer_list<field> more = {});

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out_;
};

}  // namespace fleetline::rehearsal_board
