// SPDX-License-Identifier: Apache-2.0
// Test support: the rehearsal cloud as a child process, in a folder of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace rehearsal_test {

// A folder that goes away with the object.
class scratch_folder {
  public:
    scratch_folder();
    ~scratch_folder();
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

class cloud_program {
  public:
    // Starts it and waits for its ready line; throws std::runtime_error if there is none within 30 s.
    explicit cloud_program(std::filesystem::path folder, const std::vector<std::string>& more_arguments = {});
    ~cloud_program();
    cloud_program(const cloud_program&) = delete;
    cloud_program& operator=(const cloud_program&) = delete;

    const std::filesystem::path& folder() const { return folder_; }
    std::string file(const std::string& name) const { return (folder_ / name).string(); }
    std::uint16_t mqtt_port() const;
    std::string http_url() const { return env_.at("AWS_ENDPOINT_URL"); }
    pid_t pid() const { return child_; }
    // Sends the signal and returns the exit status (or -signal) once it has ended.
    int stop(int signal);
    std::string log() const;

  private:
    void wait_until_ready(int output);

    std::filesystem::path folder_;
    pid_t child_ = -1;
    std::map<std::string, std::string> env_;
};

}  // namespace rehearsal_test
