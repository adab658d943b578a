// SPDX-License-Identifier: Apache-2.0
#include "core/logger.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include <cstdlib>
#include <vector>

#include "core/encoding.hpp"

namespace fleetline {

namespace {

/// systemd sets JOURNAL_STREAM to "device:inode" of the stream it connected to our stderr (systemd.exec(5)).
bool stderr_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    if (stream == nullptr) return false;
    struct stat status {};
    if (fstat(2, &status) != 0) return false;
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

spdlog::level::level_enum to_spdlog(log_level level) {
    switch (level) {
        case log_level::debug:
            return spdlog::level::debug;
        case log_level::info:
            return spdlog::level::info;
        case log_level::warning:
            return spdlog::level::warn;
        case log_level::error:
            break;
    }
    return spdlog::level::err;
}

int to_syslog(log_level level) {
    switch (level) {
        case log_level::debug:
            return LOG_DEBUG;
        case log_level::info:
            return LOG_INFO;
        case log_level::warning:
            return LOG_WARNING;
        case log_level::error:
            break;
    }
    return LOG_ERR;
}

/// "message  SLOT=A1 SERIAL=SN0001": the fields in a form that people read.
std::string with_fields(std::string_view message, std::initializer_list<logger::field> fields) {
    std::string text(message);
    const char* gap = "  ";
    for (const auto& [key, value] : fields) {
        if (value.empty()) continue;
        text.append(gap).append(key).append("=").append(printable(value));
        gap = " ";
    }
    return text;
}

void send_to_journal(log_level level, const std::string& text, std::initializer_list<logger::field> fields) {
    std::vector<std::string> entries{"MESSAGE=" + text, "PRIORITY=" + std::to_string(to_syslog(level))};
    for (const auto& [key, value] : fields)
        if (!value.empty()) entries.push_back(std::string(key) + "=" + std::string(value));
    std::vector<iovec> parts;
    parts.reserve(entries.size());
    for (auto& entry : entries) parts.push_back({entry.data(), entry.size()});
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace

struct logger::sink {
    bool journal = false;
    std::shared_ptr<spdlog::logger> console;
};

logger::logger(target where, log_level least) : sink_(std::make_unique<sink>()), least_(least) {
    if (where == target::nowhere) return;
    if (where == target::journal || (where == target::automatic && stderr_is_the_journal())) {
        sink_->journal = true;
        return;
    }
    sink_->console =
        std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    sink_->console->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %^%-7l%$ %v", spdlog::pattern_time_type::utc));
    sink_->console->set_level(to_spdlog(least));
    sink_->console->flush_on(spdlog::level::debug);
}

logger::~logger() = default;

void logger::write(log_level level, std::string_view message, std::initializer_list<field> fields) const {
    if (level < least_) return;
    const std::string text = with_fields(message, fields);
    if (sink_->journal) send_to_journal(level, text, fields);
    if (sink_->console) sink_->console->log(to_spdlog(level), "{}", text);
}

}  // namespace fleetline
