// SPDX-License-Identifier: Apache-2.0
// Whether the daily backup of the ledger is made: what systemd says of its last run, and how old the newest
// copy is. A machine where nobody has set it up is told nothing.
#include <sys/stat.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <charconv>
#include <map>
#include <optional>
#include <sstream>

#include "cli/doctor.hpp"
#include "cli/text.hpp"
#include "cloud/command.hpp"
#include "core/time_source.hpp"

namespace fleetline::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* what = "backup";
// fleetline-backup.service's
constexpr const char* place = "/var/backups/fleetline";
constexpr const char* timer = "fleetline-backup.timer";
constexpr const char* service = "fleetline-backup.service";
constexpr std::chrono::hours oldest{48};
constexpr milliseconds patience{2'000};

struct units {
    bool daily = false;                    ///< the timer runs
    std::string result;                    ///< of the last run since the machine started; empty: nobody knows
    std::optional<std::int64_t> ended_at;  ///< seconds since 1970
};

std::string ask_systemd() {
    boost::asio::io_context io;
    system_time_source time;
    std::string answer;
    auto asked =
        cloud::run_command(time,
                           {"systemctl", "show", "--timestamp=unix",
                            "--property=Id,ActiveState,Result,ExecMainExitTimestamp", timer, service},
                           patience);
    boost::asio::co_spawn(io, std::move(asked),
                          [&](const std::exception_ptr& trouble, const cloud::command_result& found) {
                              if (!trouble && found.ended && found.status == 0)
                                  answer = found.output.reveal();
                          });
    io.run();
    return answer;
}

/// A block of KEY=VALUE lines for each unit, with an empty line between them.
units in_answer(const std::string& answer) {
    std::map<std::string, std::string> one;
    units found;
    const auto take = [&] {
        if (one["Id"] == timer) found.daily = one["ActiveState"] == "active";
        if (one["Id"] == service) {
            found.result = one["Result"];
            const auto& at = one["ExecMainExitTimestamp"];  // "@1764374400", or empty
            std::int64_t seconds = 0;
            if (at.size() > 1 &&
                std::from_chars(at.data() + 1, at.data() + at.size(), seconds).ec == std::errc{} &&
                seconds > 0)
                found.ended_at = seconds;
        }
        one.clear();
    };
    std::istringstream lines(answer);
    for (std::string line; std::getline(lines, line);) {
        const auto at = line.find('=');
        if (at == std::string::npos)
            take();
        else
            one[line.substr(0, at)] = line.substr(at + 1);
    }
    take();
    return found;
}

struct copies {
    bool hidden = false;  ///< this user may not look there
    std::optional<std::int64_t> newest;
};

copies copies_there() {
    copies found;
    std::error_code trouble;
    fs::directory_iterator each(place, trouble);
    found.hidden = trouble == std::errc::permission_denied;
    for (; !trouble && each != fs::directory_iterator(); each.increment(trouble)) {
        struct ::stat about {};
        if (each->path().extension() != ".db" || ::stat(each->path().c_str(), &about) != 0) continue;
        found.newest = std::max<std::int64_t>(found.newest.value_or(0), about.st_mtim.tv_sec);
    }
    return found;
}

std::string age_text(std::chrono::seconds age) {
    return duration_text(std::chrono::duration_cast<milliseconds>(age).count());
}

}  // namespace

void check_backup(surroundings&, findings& into) {
    const units daily = in_answer(ask_systemd());
    const copies made = copies_there();
    if (!daily.daily && !made.newest) return;
    const bool failed = !daily.result.empty() && daily.result != "success";
    if (failed) {
        into.push_back({what,
                        health::bad,
                        "the last daily backup failed (" + daily.result + ")",
                        std::string("journalctl -u ") + service +
                            " tells why. When that is mended: systemctl start " + service,
                        {}});
        return;
    }
    const auto newest = made.hidden ? daily.ended_at : made.newest;
    if (!newest) {
        into.push_back({what,
                        health::doubtful,
                        made.hidden ? std::string("you may not look into ") + place
                                    : std::string("there is no copy of the ledger in ") + place + " yet",
                        made.hidden ? std::string("sudo fleetline doctor")
                                    : std::string("systemctl start ") + service + " makes one now.",
                        {}});
        return;
    }
    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(system_time_source{}.utc_now().time_since_epoch());
    const auto age = std::max(now - std::chrono::seconds{*newest}, std::chrono::seconds{0});
    if (age > oldest) {
        into.push_back({what,
                        health::bad,
                        "the newest copy of the ledger is " + age_text(age) + " old",
                        daily.daily ? std::string("systemctl list-timers ") + timer + "; systemctl start " +
                                          service + " makes one now."
                                    : std::string("systemctl enable --now ") + timer,
                        {}});
        return;
    }
    into.push_back(
        {what, health::good, "the newest copy of the ledger is " + age_text(age) + " old", {}, {}});
}

}  // namespace fleetline::cli
