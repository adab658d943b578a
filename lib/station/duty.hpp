// SPDX-License-Identifier: Apache-2.0
// Who works at the station: whoever signed on, else whom the configuration names. A sign-on is kept in a file
// that outlives the process and the machine's restarts, so that a restart in mid-shift makes no anonymous
// attempts; it ends with the longest shift. A file that is missing or broken is as good as none. io_context
// thread only; the file is written on a thread of its own.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "core/logger.hpp"
#include "core/time_source.hpp"

namespace fleetline::station {

class duty {
  public:
    static constexpr milliseconds longest_shift{16 * 3'600'000};

    /// No file: nothing outlives the process.
    duty(std::string configured, std::filesystem::path file, time_source& time, const logger& log);
    ~duty();  ///< waits for what is being written
    duty(const duty&) = delete;
    duty& operator=(const duty&) = delete;

    /// Empty: whom the configuration names. Resumes when it is kept; a file that cannot be written is logged,
    /// and the sign-on is good for this life of the station.
    boost::asio::awaitable<void> sign_on(std::string name);

    const std::string& name() const;
    utc_time since() const;  ///< of the sign-on; nothing: nobody signed on

  private:
    struct writer;
    void read(const std::filesystem::path& file);
    bool is_over() const;

    std::string configured_;
    time_source& time_;
    const logger& log_;
    std::string signed_on_;
    utc_time since_{};
    monotonic_time until_{};
    std::unique_ptr<writer> writer_;  ///< none: there is no file
};

}  // namespace fleetline::station
