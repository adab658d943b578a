// SPDX-License-Identifier: Apache-2.0
// The API without its listener: a service with a station that takes everything and a day's ledger, and what
// an answer must be whatever was asked. Made once a program.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "api/exchange.hpp"
#include "api/role.hpp"
#include "api/service.hpp"

namespace fleetline::fuzz {

class bench {
  public:
    static bench& once();

    boost::asio::io_context io{1};
    std::map<std::string, std::string, std::less<>> tokens;  ///< by role
    api::service& here() { return *here_; }

    /// Serves one connection of such a peer that says `bytes` and then nothing more; answers what it was
    /// told.
    std::string converse(const api::peer& from, std::string_view bytes);

    /// Something changes on the line, so that there is a feed to resume.
    void change();

  private:
    bench();
    ~bench();
    bench(const bench&) = delete;
    bench& operator=(const bench&) = delete;

    std::filesystem::path home_;
    logger log_;
    std::string operator_name_;
    std::unique_ptr<api::service> here_;
};

/// The input's lines, one after the other; the last one is all the rest.
std::string_view line_of(std::string_view& input);

/// Ends the program: what was asked led to an answer of this kind.
[[noreturn]] void wrong(std::string_view what, std::string_view detail);

/// An answer that says the mistake is ours, or is no HTTP, is one that the fuzzer looks for.
void check_heads(std::string_view told);

}  // namespace fleetline::fuzz
