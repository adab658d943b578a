// SPDX-License-Identifier: Apache-2.0
// Log lines with fields (SLOT, SERIAL, ATTEMPT, CODE …): to the journal when the service manager started us,
// else to stderr. One object, made by main and handed to whoever logs; usable from any thread. Never log a
// secret or a PEM.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fleetline {

enum class log_level { debug, info, warning, error };

class logger {
  public:
    enum class target { automatic, standard_error, journal, nowhere };
    using field = std::pair<std::string_view, std::string_view>;

    explicit logger(target where = target::automatic, log_level least = log_level::info);
    ~logger();
    logger(const logger&) = delete;
    logger& operator=(const logger&) = delete;

    /// Field names are upper case, as the journal has them; empty values are left out.
    void write(log_level level, std::string_view message, std::initializer_list<field> fields = {}) const;

    void debug(std::string_view message, std::initializer_list<field> fields = {}) const {
        write(log_level::debug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<field> fields = {}) const {
        write(log_level::info, message, fields);
    }
    void warning(std::string_view message, std::initializer_list<field> fields = {}) const {
        write(log_level::warning, message, fields);
    }
    void error(std::string_view message, std::initializer_list<field> fields = {}) const {
        write(log_level::error, message, fields);
    }

    bool writes(log_level level) const noexcept { return level >= least_; }

  private:
    struct sink;
    std::unique_ptr<sink> sink_;
    log_level least_;
};

}  // namespace fleetline
