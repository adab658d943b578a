// SPDX-License-Identifier: Apache-2.0
#include "serial/directory_watcher.hpp"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"

namespace fleetline::serial {

namespace {

constexpr std::string_view watching = "Watching for boards";
constexpr std::size_t longest_json = std::size_t{64} * 1024;
constexpr std::uint32_t interesting = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_CLOSE_WRITE |
                                      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

bool is_description(std::string_view name) {
    return name.ends_with(".json");
}

int start_watching(const std::filesystem::path& directory) {
    std::error_code trouble;
    std::filesystem::create_directories(directory, trouble);
    const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, directory.c_str(), interesting) >= 0) return fd;
    const std::string why = std::generic_category().message(errno);
    if (fd >= 0) ::close(fd);
    throw failure("station-configuration", std::string(watching), directory.string(), why);
}

/// What a link stands for; a link that was removed and made again differs, even with the same target.
struct link_state {
    ino_t inode = 0;
    dev_t tty = 0;
    timespec changed{};
    friend bool operator==(const link_state& a, const link_state& b) {
        return a.inode == b.inode && a.tty == b.tty && a.changed.tv_sec == b.changed.tv_sec &&
               a.changed.tv_nsec == b.changed.tv_nsec;
    }
};

std::string to_text(const link_state& state) {
    return std::to_string(state.inode) + "-" + std::to_string(state.changed.tv_sec) + "." +
           std::to_string(state.changed.tv_nsec);
}

/// Nullopt if there is no such entry or it leads to no character device (yet).
std::optional<link_state> look_at(const std::filesystem::path& path) {
    struct stat link {};
    struct stat target {};
    if (lstat(path.c_str(), &link) != 0 || stat(path.c_str(), &target) != 0) return std::nullopt;
    if (!S_ISCHR(target.st_mode)) return std::nullopt;
    return link_state{link.st_ino, target.st_rdev, link.st_ctim};
}

std::string hex_number(const nlohmann::json& value, int digits) {
    char text[16];
    std::snprintf(text, sizeof text, "%0*x", digits, value.get<unsigned>() & 0xffffU);
    return text;
}

/// A field as text; numbers are taken as udev would show them.
std::string field(const nlohmann::json& description, const char* key, int digits) {
    const auto found = description.find(key);
    if (found == description.end() || found->is_null()) return {};
    if (found->is_number_unsigned() && digits > 0) return hex_number(*found, digits);
    if (!found->is_string()) throw std::invalid_argument(std::string(key) + " is not a text");
    return found->get<std::string>();
}

/// Fills in what NAME.json says; answers what is wrong with it, or nothing.
std::string describe(const std::filesystem::path& path, usb_device& device) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return path.filename().string() + " is missing";
    std::string text(longest_json + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > longest_json) return path.filename().string() + " is too long";
    try {
        const auto description = nlohmann::json::parse(text);
        if (!description.is_object()) return path.filename().string() + " is not an object";
        device.id_path = field(description, "id_path", 0);
        device.vendor_id = field(description, "vendor_id", 4);
        device.product_id = field(description, "product_id", 4);
        device.serial = field(description, "serial", 0);
        device.interface = field(description, "interface", 2);
    } catch (const std::exception& error) {
        return path.filename().string() + ": " + printable(error.what());
    }
    return device.id_path.empty() ? path.filename().string() + " gives no id_path" : std::string();
}

}  // namespace

class directory_watcher::watch {
  public:
    watch(const boost::asio::any_io_executor& executor, std::filesystem::path where)
        : directory(std::move(where)), notices(executor, start_watching(directory)) {
        look_at_everything();
    }

    boost::asio::awaitable<usb_event> next() {
        while (events.empty()) {
            const std::size_t count =
                co_await notices.async_read_some(boost::asio::buffer(buffer), boost::asio::use_awaitable);
            take_notices(count);
        }
        usb_event event = std::move(events.front());
        events.pop_front();
        co_return event;
    }

  private:
    struct plugged {
        link_state state;
        usb_device device;
        bool described = false;
    };

    void take_notices(std::size_t count) {
        for (std::size_t at = 0; at + sizeof(inotify_event) <= count;) {
            inotify_event notice{};
            std::memcpy(&notice, buffer.data() + at, sizeof notice);
            const char* name = buffer.data() + at + sizeof notice;
            at += sizeof notice + notice.len;
            if ((notice.mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0)
                throw failure("station-configuration", std::string(watching), directory.string(),
                              "the directory was removed");
            if ((notice.mask & IN_Q_OVERFLOW) != 0)
                look_at_everything();
            else if (notice.len > 0)
                look_at_name(name, (notice.mask & (IN_DELETE | IN_MOVED_FROM)) != 0);
        }
    }

    void look_at_everything() {
        for (auto known = boards.begin(); known != boards.end();) look_at_name((known++)->first, false);
        std::error_code trouble;
        for (const auto& entry : std::filesystem::directory_iterator(directory, trouble))
            look_at_name(entry.path().filename().string(), false);
    }

    /// `removed`: it was gone for a moment at least, whatever is there now.
    // A copy: the name may be that of an entry which unplug() erases.
    // NOLINTNEXTLINE(performance-unnecessary-value-param)
    void look_at_name(std::string name, bool removed) {
        if (name.starts_with('.')) return;
        if (is_description(name)) return look_at_description(name.substr(0, name.size() - 5), removed);
        const auto state = look_at(directory / name);
        const auto known = boards.find(name);
        if (known != boards.end() && (removed || !state || !(known->second.state == *state))) unplug(name);
        if (state && !boards.contains(name)) plug(name, *state);
    }

    /// A description that comes after the link is still taken; one that changes later is not.
    void look_at_description(const std::string& name, bool removed) {
        const auto known = boards.find(name);
        if (removed || known == boards.end() || known->second.described) return;
        usb_device device;
        if (!describe(directory / (name + ".json"), device).empty()) return;
        const auto state = known->second.state;
        unplug(name);
        plug(name, state);
    }

    void plug(const std::string& name, const link_state& state) {
        usb_event event;
        event.what = usb_event::kind::plugged;
        event.warning = describe(directory / (name + ".json"), event.device);
        event.device.name = name;
        event.device.node = (directory / name).string();
        event.device.plugging = to_text(state);
        boards.insert_or_assign(name, plugged{state, event.device, event.warning.empty()});
        events.push_back(std::move(event));
    }

    void unplug(const std::string& name) {
        const auto known = boards.find(name);
        usb_event event;
        event.what = usb_event::kind::unplugged;
        event.device = std::move(known->second.device);
        boards.erase(known);
        events.push_back(std::move(event));
    }

    std::filesystem::path directory;
    boost::asio::posix::stream_descriptor notices;
    alignas(inotify_event) std::array<char, 16UL * 1024> buffer{};
    std::map<std::string, plugged> boards;
    std::deque<usb_event> events;
};

directory_watcher::directory_watcher(const boost::asio::any_io_executor& executor,
                                     std::filesystem::path directory)
    : watch_(std::make_unique<watch>(executor, std::move(directory))) {}
directory_watcher::~directory_watcher() = default;

boost::asio::awaitable<usb_event> directory_watcher::next() {
    return watch_->next();
}

}  // namespace fleetline::serial
