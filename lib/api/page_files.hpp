// SPDX-License-Identifier: Apache-2.0
// The page's files, all read at the start: what is not among them does not exist, whatever a path says. Owned
// by the server; constant, any thread. Not included outside lib/api.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "api/exchange.hpp"

namespace fleetline::api {

class page_files {
  public:
    /// Reads a directory and what is below it; "x.gz" beside "x" is x, compressed. Links and hidden files are
    /// left out. Throws failure(station-configuration) when it cannot be read, or has more than 16 MiB.
    explicit page_files(const std::filesystem::path& directory);
    page_files() = default;

    /// For GET and HEAD: the file, "not modified", or station-request-not-found. "/" is index.html.
    response answer(const request& what) const;

  private:
    struct file {
        std::string type, bytes, compressed, tag;
    };

    void read(const std::filesystem::path& directory);

    std::map<std::string, file, std::less<>> files_;  ///< by path, "/assets/page.js"
};

}  // namespace fleetline::api
