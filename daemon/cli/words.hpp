// SPDX-License-Identifier: Apache-2.0
// How a command joins the command line: its name, its options, what it does. A thin front of CLI11, which is
// compiled in one place only (words.cpp, run.cpp). The referenced values must live until the command has
// run.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace fleetline::cli {

enum class exit_status : int;
class surroundings;
using action = std::function<exit_status(surroundings&)>;

class words {
  public:
    words(CLI::App& app, action& chosen) : app_(app), chosen_(chosen) {}

    /// A word below this one. With such words, one of them must follow.
    words word(const std::string& name, const std::string& help);
    /// Likewise, but this word means something without it too.
    words optional_word(const std::string& name, const std::string& help);

    struct details {
        details(const char* shown) : type(shown) {}  // NOLINT: "FILE" alone is the usual case
        details(const char* shown, std::vector<std::string> only, bool must = false)
            : type(shown), allowed(std::move(only)), required(must) {}

        std::string type;
        std::vector<std::string> allowed;  ///< empty: anything
        bool required = false;
    };
    void option(const std::string& names, std::string& into, const std::string& help, const details& more);
    void number(const std::string& names, std::int64_t& into, const std::string& help);
    void flag(const std::string& names, bool& into, const std::string& help);
    void argument(const std::string& name, std::string& into, const std::string& help, bool required = true);

    /// What is done when this word is meant.
    void does(action what);

  private:
    CLI::App& app_;
    action& chosen_;
};

}  // namespace fleetline::cli
