// SPDX-License-Identifier: Apache-2.0
// A station's configuration and ledger in a directory of its own, as after the story's day.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include "support/line_story.hpp"

namespace fleetline::test {

class station_directory {
  public:
    station_directory() {
        std::string name = (std::filesystem::temp_directory_path() / "fleetline-cli-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        path = name;
        std::ofstream{config()} << configuration;
    }
    station_directory(const station_directory&) = delete;
    station_directory& operator=(const station_directory&) = delete;
    ~station_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }

    /// Writes the ledger.
    void after_a_day() const {
        line_story line{ledger(), "line-3"};
        tell_a_day(line);
    }

    std::string config() const { return (path / "fleetline.toml").string(); }
    std::string ledger() const { return (path / "ledger.db").string(); }

    std::filesystem::path path;

    static constexpr const char* configuration = R"([station]
id = "line-3"
[cloud]
endpoint = "localhost"
ca_file = "ca.pem"
claim_certificate_file = "claim.pem"
claim_key_file = "claim.key"
[ledger]
file = "ledger.db"
[api]
socket = "api.sock"
[[product]]
name = "sensor"
template = "sensor-line"
[[slot]]
name = "A1"
port = "1"
[[slot]]
name = "A2"
port = "2"
[[slot]]
name = "B1"
port = "3"
[[slot]]
name = "B2"
port = "4"
[[slot]]
name = "B3"
port = "5"
)";
};

}  // namespace fleetline::test
