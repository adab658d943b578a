// SPDX-License-Identifier: Apache-2.0
// fleetline slots discover: walks a person through the fixtures and prints their [[slot]] entries. It only
// listens to udev, so it works beside the daemon and without it. The talk goes to standard error, the entries
// to standard output.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>

#include "cli/command.hpp"
#include "cli/discovery.hpp"
#include "cli/json_view.hpp"
#include "config/load.hpp"
#include "serial/directory_watcher.hpp"
#include "serial/udev_watcher.hpp"

namespace fleetline::cli {

namespace asio = boost::asio;

namespace {

/// The ttys of one board come within a second of each other.
constexpr std::chrono::milliseconds until_settled{1'200};
constexpr std::size_t longest_line = 4096;

/// Asio sets O_NONBLOCK, and the terminal is the shell's too.
class restored_flags {
  public:
    explicit restored_flags(int descriptor) : descriptor_(descriptor), flags_(fcntl(descriptor, F_GETFL)) {}
    ~restored_flags() {
        if (flags_ >= 0) fcntl(descriptor_, F_SETFL, flags_);
    }
    restored_flags(const restored_flags&) = delete;
    restored_flags& operator=(const restored_flags&) = delete;

  private:
    int descriptor_;
    int flags_;
};

class walk {
  public:
    walk(const config::settings* configured, const std::filesystem::path& directory)
        : talk_(configured), keys_(io_), quiet_(io_), signals_(io_, SIGINT, SIGTERM) {
        if (directory.empty())
            usb_ = std::make_unique<serial::udev_watcher>(io_.get_executor());
        else
            usb_ = std::make_unique<serial::directory_watcher>(io_.get_executor(), directory);
        const int own = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        boost::system::error_code trouble;
        if (own >= 0) keys_.assign(own, trouble);
        if (own < 0 || trouble) {
            if (own >= 0) ::close(own);
            throw command_error(exit_status::usage, "standard input is no terminal and no pipe",
                                "slots discover asks for each slot's name: run it in a terminal.");
        }
    }

    /// Answers whether it came to its end without being interrupted.
    bool run() {
        asio::co_spawn(io_, watch(), [this](std::exception_ptr why) {
            if (!why || talk_.ended()) return;
            trouble_ = std::move(why);
            stop();
        });
        signals_.async_wait([this](boost::system::error_code error, int) {
            if (error) return;
            interrupted_ = true;
            say("\nInterrupted.\n");
            stop();
        });
        io_.poll();  // tells what is there already
        began_ = true;
        say(talk_.begin(there_));
        read();
        io_.run();
        if (trouble_) std::rethrow_exception(trouble_);
        return !interrupted_;
    }

    const discovery& talk() const noexcept { return talk_; }

  private:
    static void say(const std::string& text) { std::cerr << text << std::flush; }

    void stop() {
        talk_.end();
        io_.stop();
    }

    asio::awaitable<void> watch() {
        for (;;) {
            const serial::usb_event event = co_await usb_->next();
            if (event.what == serial::usb_event::kind::overrun) continue;
            const bool is_plug = event.what == serial::usb_event::kind::plugged;
            if (!began_) {
                there_.push_back(event.device);
                continue;
            }
            say(is_plug ? talk_.plugged(event.device) : talk_.unplugged(event.device));
            wait_until_settled();
        }
    }

    void wait_until_settled() {
        if (!talk_.settling()) return;
        quiet_.expires_after(until_settled);
        quiet_.async_wait([this](boost::system::error_code error) {
            if (!error) say(talk_.settled());
        });
    }

    void read() {
        keys_.async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
            if (error) return;
            const ssize_t size = ::read(keys_.native_handle(), buffer_.data(), buffer_.size());
            if (size < 0 && (errno == EAGAIN || errno == EINTR)) return read();
            if (size <= 0) return stop();
            typed_.append(buffer_.data(), static_cast<std::size_t>(size));
            take_lines();
            if (talk_.ended()) return stop();
            read();
        });
    }

    void take_lines() {
        for (std::size_t end = 0; !talk_.ended() && (end = typed_.find('\n')) != std::string::npos;) {
            const auto line = typed_.substr(0, end);
            typed_.erase(0, end + 1);
            say(talk_.line(line));
            wait_until_settled();
        }
        if (typed_.size() > longest_line) typed_.clear();
    }

    restored_flags flags_{STDIN_FILENO};
    asio::io_context io_{1};
    discovery talk_;
    std::unique_ptr<serial::usb_watcher> usb_;
    asio::posix::stream_descriptor keys_;
    asio::steady_timer quiet_;
    asio::signal_set signals_;
    std::vector<serial::usb_device> there_;
    std::array<char, 1024> buffer_{};
    std::string typed_;
    std::exception_ptr trouble_;
    bool began_ = false;
    bool interrupted_ = false;
};

json as_json(const discovery& talk) {
    json list = json::array();
    for (const auto& one : talk.found())
        list.push_back({{"name", one.name},
                        {"port", one.tty.id_path},
                        {"interface", one.tty.interface},
                        {"vendor_id", one.tty.vendor_id},
                        {"product_id", one.tty.product_id}});
    return list;
}

exit_status discover(surroundings& here) {
    // The station may be unconfigured still, and whoever unpacks it need not be in its group.
    const auto configured = config::load(here.config_file());
    const bool known = configured.complaints.empty();
    walk fixtures(known ? &configured.value : nullptr, configured.value.usb.directory);
    const bool finished = fixtures.run();
    const auto& talk = fixtures.talk();
    if (here.wants_json)
        here.out.line(indented(as_json(talk)));
    else
        here.out.print(talk.entries());
    std::cerr << (talk.found().empty() ? "No slot was named.\n"
                                       : "\nPut these entries into " + here.config_file().string() +
                                             ", then: systemctl restart fleetlined\n");
    return finished && !talk.found().empty() ? exit_status::yes : exit_status::no;
}

}  // namespace

void add_slots(words& parent) {
    auto word = parent.word("slots", "Find the fixtures' USB ports");
    auto verb = word.word("discover", "Print a [[slot]] entry for each fixture that a board is plugged into");
    verb.does([](surroundings& here) { return discover(here); });
}

}  // namespace fleetline::cli
