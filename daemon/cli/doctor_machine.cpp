// SPDX-License-Identifier: Apache-2.0
// What is on this machine: its clock, the ledger's file and disk, the fixtures' ports, and programs that take
// those ports away.
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "cli/doctor.hpp"
#include "cli/text.hpp"
#include "core/failure.hpp"
#include "core/time_source.hpp"

namespace fleetline::cli {

namespace fs = std::filesystem;

namespace {

constexpr const char* service_user = "fleetline";
constexpr std::int64_t least_free_mib = 100;
constexpr std::int64_t enough_free_mib = 1024;

struct file_system {
    long type;
    const char* name;
    const char* trouble;  ///< nullptr: fine
};

// Numbers of statfs(2).
constexpr const char* no_locks = "its locks and its memory map do not work over a network";
constexpr const char* volatile_one = "what is on it is gone when the machine restarts";
constexpr std::array unfit{
    file_system{0x6969, "NFS", no_locks},
    file_system{0xFF534D42, "CIFS", no_locks},
    file_system{0xFE534D42, "SMB", no_locks},
    file_system{0x517B, "SMB", no_locks},
    file_system{0x01021997, "9P", no_locks},
    file_system{0x01021994, "tmpfs", volatile_one},
    file_system{static_cast<long>(0x858458F6), "ramfs", volatile_one},
};

void check_disk(const fs::path& folder, findings& into) {
    struct ::statvfs room {};
    struct ::statfs kind {};
    if (::statvfs(folder.c_str(), &room) != 0 || ::statfs(folder.c_str(), &kind) != 0) {
        into.push_back({"disk", health::bad, folder.string() + ": " + std::strerror(errno),
                        "Make the folder, owned by the user 'fleetline'; [ledger] file.",
                        "station-ledger-missing"});
        return;
    }
    const auto found = std::find_if(unfit.begin(), unfit.end(), [&](const auto& one) {
        return static_cast<std::uint32_t>(one.type) == static_cast<std::uint32_t>(kind.f_type);
    });
    if (found != unfit.end()) {
        into.push_back({"disk", health::bad,
                        folder.string() + " is on " + found->name + ": " + found->trouble,
                        "Put the ledger on a local disk ([ledger] file); a network share is for backups.",
                        "station-ledger-unwritable"});
        return;
    }
    if ((room.f_flag & ST_RDONLY) != 0) {
        into.push_back({"disk", health::bad, folder.string() + " is mounted read-only",
                        "Look at dmesg: a disk that fails is mounted so. Else mount it for writing.",
                        "station-ledger-unwritable"});
        return;
    }
    const auto free = static_cast<std::int64_t>(room.f_bavail * room.f_frsize / (1024UL * 1024));
    const auto state = free < least_free_mib    ? health::bad
                       : free < enough_free_mib ? health::doubtful
                                                : health::good;
    into.push_back({"disk", state, std::to_string(free) + " MiB free for the ledger",
                    state == health::good ? "" : "Make room on that disk: the station stops when it is full.",
                    state == health::good ? "" : "station-ledger-unwritable"});
}

/// Who the service runs as: the user 'fleetline' with its groups or, on a machine without one, this user.
struct identity {
    uid_t user = ::geteuid();
    std::vector<gid_t> groups;
    std::string name = "this user";
};

identity service_identity() {
    identity who;
    gid_t main_group = ::getegid();
    const passwd* const known = ::getpwnam(service_user);
    if (known != nullptr) {
        who.user = known->pw_uid;
        who.name = std::string("the user '") + service_user + "'";
        main_group = known->pw_gid;
        int count = 64;
        who.groups.resize(static_cast<std::size_t>(count));
        ::getgrouplist(service_user, main_group, who.groups.data(), &count);
        who.groups.resize(static_cast<std::size_t>(std::clamp(count, 0, 64)));
    } else {
        who.groups.resize(static_cast<std::size_t>(std::max(::getgroups(0, nullptr), 0)));
        const int count = ::getgroups(static_cast<int>(who.groups.size()), who.groups.data());
        who.groups.resize(static_cast<std::size_t>(std::max(count, 0)));
        who.groups.push_back(main_group);
    }
    return who;
}

bool may_use(const struct ::stat& tty, const identity& who) {
    if (who.user == 0) return true;
    const auto has = [&](mode_t both) { return (tty.st_mode & both) == both; };
    if (tty.st_uid == who.user) return has(S_IRUSR | S_IWUSR);
    const bool member = std::find(who.groups.begin(), who.groups.end(), tty.st_gid) != who.groups.end();
    return member ? has(S_IRGRP | S_IWGRP) : has(S_IROTH | S_IWOTH);
}

/// The ttys that are there now: in the watched directory, or all of USB.
std::vector<fs::path> ttys(const fs::path& directory) {
    std::vector<fs::path> found;
    std::error_code ignored;
    const bool usb = directory.empty();
    for (const auto& one : fs::directory_iterator(usb ? fs::path("/dev") : directory, ignored)) {
        const auto name = one.path().filename().string();
        const bool fits =
            usb ? name.starts_with("ttyUSB") || name.starts_with("ttyACM") : one.is_symlink(ignored);
        if (fits) found.push_back(one.path());
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace

void check_clock(surroundings&, findings& into) {
    const bool in_sync = system_time_source{}.synchronised();
    into.push_back({"clock", in_sync ? health::good : health::doubtful,
                    in_sync ? "synchronised" : "not synchronised: times in the ledger may be wrong",
                    in_sync ? "" : "Give the machine a time server: systemd-timesyncd or chrony.",
                    in_sync ? "" : "station-clock-wrong"});
}

void check_ledger(surroundings& here, findings& into) {
    const auto& file = here.settings().ledger.file;
    try {
        const auto head = here.ledger().head();
        into.push_back(
            {"ledger", health::good, file.string() + ", " + count_text(head.seq, "event", "events"), {}, {}});
    } catch (const command_error& why) {
        const bool missing = ::access(file.c_str(), F_OK) != 0;
        into.push_back({"ledger", missing ? health::doubtful : health::bad, why.what(), why.advice(),
                        missing ? "station-ledger-missing" : "station-ledger-broken"});
    } catch (const failure& why) {
        into.push_back({"ledger", health::bad, why.what(), std::string{remedy_for(why.code())}, why.code()});
    }
    check_disk(file.parent_path(), into);
}

void check_ports(surroundings& here, findings& into) {
    const auto& directory = here.settings().usb.directory;
    const auto slots = static_cast<std::int64_t>(here.settings().slots.size());
    if (!directory.empty() && !fs::is_directory(directory)) {
        into.push_back({"ports", health::bad, directory.string() + " is not there",
                        "Make the directory, or take [usb] directory out to use USB ports.", "port-failed"});
        return;
    }
    if (slots == 0) {
        into.push_back({"ports", health::bad, "no [[slot]] is configured", "Add a [[slot]] for each fixture.",
                        "station-configuration"});
        return;
    }
    const auto who = service_identity();
    const auto found = ttys(directory);
    for (const auto& tty : found) {
        struct ::stat about {};
        if (::stat(tty.c_str(), &about) != 0) {
            into.push_back({"ports", health::bad, tty.string() + ": " + std::strerror(errno),
                            "Plug that board again.", "port-gone"});
            return;
        }
        if (may_use(about, who)) continue;
        into.push_back({"ports", health::bad, who.name + " may not open " + tty.string(),
                        "Plug the board again: 70-fleetline.rules gives USB ports to the group 'fleetline'. "
                        "Another kind of "
                        "port: usermod -aG its-group fleetline, then systemctl restart fleetlined.",
                        "port-failed"});
        return;
    }
    into.push_back({"ports",
                    health::good,
                    count_text(slots, "slot", "slots") + " configured, " +
                        count_text(static_cast<std::int64_t>(found.size()), "board is", "boards are") +
                        " plugged",
                    {},
                    {}});
}

void check_interference(surroundings&, findings& into) {
    struct meddler {
        const char* name;
        const char* what;
        const char* remedy;
    };
    static constexpr std::array known{
        meddler{"ModemManager", "it sends AT commands to every tty that is plugged",
                "systemctl disable --now ModemManager"},
        meddler{"brltty", "it takes USB serial adapters (CH340, CP210x) for Braille displays",
                "apt-get purge brltty"},
    };
    std::error_code ignored;
    std::string names;
    for (const auto& one : fs::directory_iterator("/proc", ignored)) {
        std::ifstream from(one.path() / "comm");
        std::string name;
        if (from && std::getline(from, name)) names += '\n' + name + '\n';
    }
    const auto before = into.size();
    for (const auto& one : known) {
        if (names.find('\n' + std::string(one.name) + '\n') == std::string::npos) continue;
        into.push_back({"interference", health::bad, std::string(one.name) + " runs: " + one.what, one.remedy,
                        "port-busy"});
    }
    if (into.size() == before)
        into.push_back({"interference", health::good, "neither ModemManager nor brltty runs", {}, {}});
}

}  // namespace fleetline::cli
