// SPDX-License-Identifier: Apache-2.0
#include "board.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "crypto.hpp"

namespace fleetline::rehearsal_board {

namespace {

std::string log_line(const char* level, long tick, const char* task, const std::string& message,
                     const char* where) {
    std::array<char, 64> head{};
    std::snprintf(head.data(), head.size(), "<%-3.3s> %8ld [%-10.10s] ", level, tick & 0xffffff, task);
    return head.data() + message + " (" + where + ")";
}

// A Wi-Fi passphrase is nobody's business.
std::string redacted(const std::string& line) {
    constexpr std::string_view secret = "conf set wifi_credential ";
    return line.compare(0, secret.size(), secret) == 0 ? std::string(secret) + "***" : line;
}

}  // namespace

board::board(event_loop& loop, first_connect& cloud, event_log& events, const board_settings& settings,
             std::filesystem::path flash_directory, std::filesystem::path usb_directory, std::string name,
             int port_number, std::string serial)
    : loop_(loop),
      cloud_(cloud),
      events_(events),
      settings_(settings),
      serial_(std::move(serial)),
      link_(std::move(usb_directory), std::move(name), port_number, serial_),
      flash_(std::move(flash_directory)) {}

board::~board() {
    *alive_ = false;
    unplug("exit");
}

void board::event(const std::string& what, std::initializer_list<event_log::field> more) {
    events_.write(what, serial_, name(), more);
}

std::chrono::milliseconds board::uptime() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(event_loop::now() - booted_);
}

void board::plug() {
    if (plugged()) return;
    pty_ = std::make_unique<pty>(
        loop_, [this] { from_host(); }, [this] { port_writable(); });
    port_ = std::make_unique<uart>(loop_, settings_.baud, wires());
    power_on(reset_source::brownout);
    for (const char* immediate : {"random-garbage", "line-1mib"})
        if (settings_.faults.has(immediate)) act_on_fault(immediate);
    link_.plug(pty_->path());
    event("plugged", {{"tty", pty_->path()}});
}

void board::unplug(const std::string& reason) {
    if (!plugged()) return;
    power_off();
    link_.unplug();
    port_.reset();
    pty_.reset();
    raw_.clear();
    event("unplugged", {{"reason", reason}});
}

void board::power_off() {
    shell_.reset();
    store_.reset();
    settings_ready_ = false;
    loop_.cancel(boot_timer_);
    loop_.cancel(chatter_timer_);
    loop_.cancel(connect_timer_);
    if (connecting_) *connecting_ = true;
    connecting_.reset();
    trigger_active_ = false;
    cut_at_.reset();
}

void board::power_on(reset_source source) {
    static constexpr std::array<const char*, 3> sources{"0x8000000 : BORRSTF: Brownout.",
                                                        "0x10000000 : SFTRSTF: Software.",
                                                        "0x20000000 : IWDGRSTF: Independent Watchdog."};
    power_off();
    port_->reset();
    update_interest();
    if (source != reset_source::brownout && settings_.faults.has("dead-after-reset")) return;
    booted_ = event_loop::now();
    chatter_count_ = 0;
    store_ = std::make_unique<settings_store>(flash_);
    const std::string reason = sources.at(static_cast<std::size_t>(source));
    port_->put_directly("\r\n\r\n" + log_line("SYS", 0, "None", "Reset Source: " + reason, "app_main.c:149") +
                        "\r\n" + log_line("INF", 0, "None", "HW Init Complete.", "app_main.c:151") + "\r\n");
    shell_ =
        std::make_unique<shell>(loop_, *port_, flash_, *store_, settings_.times, settings_.faults, host());
    shell_->start();
    const bool was_blank = source == reset_source::brownout && flash_.blank();
    boot_timer_ = loop_.after(settings_.times.boot, [this, was_blank] { mounted(was_blank); });
    set_chatter(settings_.chatter);
}

void board::mounted(bool was_blank) {
    if (was_blank) {
        flash_.formatted();
        log("ERR", "Init", "Corrupted dir pair at {0x0, 0x1}", "lfs.c:1070");
        log("ERR", "Init", "Failed to mount partition. Formatting...", "fs_init.c:58");
    }
    log("INF", "Init", "File System mounted.", "fs_init.c:74");
    const auto delay = std::chrono::milliseconds(settings_.faults.number("slow-kvstore", 0));
    const auto ready = [this] {
        settings_ready_ = true;
        event("booted");
        connect_when_provisioned();
    };
    if (delay.count() > 0)
        boot_timer_ = loop_.after(delay, ready);
    else
        ready();
}

shell_host board::host() {
    shell_host calls;
    calls.command_begins = [this](const std::string& line) { return command_begins(line); };
    calls.command_ended = [this] { command_ended(); };
    calls.pem_line = [this] { return pem_line(); };
    calls.log = [this](const char* level, const std::string& message, const char* where) {
        log(level, "cli", message, where);
    };
    calls.stray_log = [this] {
        return log_line("INF", uptime().count(), "MQTTAgent", "Sending a heartbeat message.",
                        "mqtt_agent_task.c:640") +
               "\r\n";
    };
    calls.crash = [this](const char* where) {
        loop_.post([this, where, alive = alive_] {
            if (*alive && shell_) dies(where);
        });
    };
    calls.reset = [this] {
        command_ended();
        event("reset");
        boot_timer_ =
            loop_.after(std::chrono::milliseconds(100), [this] { power_on(reset_source::software); });
    };
    calls.uptime = [this] { return uptime(); };
    calls.settings_ready = [this] { return settings_ready_; };
    calls.event = [this](const char* what, const char* field, const std::string& value) {
        event(what, {{field, value}});
    };
    return calls;
}

// A failed assertion: what is queued for logging is written out at once, then the board hangs until its
// watchdog bites.
void board::dies(const char* where) {
    event("crash", {{"where", where}});
    std::string text;
    for (const auto& line : port_->take_logs()) text += line + "\r\n";
    text += "\r\n" + log_line("ASR", uptime().count(), "cli", "Assertion failed.", where) + "\r\n\r\n";
    power_off();
    port_->reset();
    port_->put_directly(text);
    update_interest();
    boot_timer_ = loop_.after(settings_.times.watchdog, [this] { power_on(reset_source::watchdog); });
}

void board::log(const char* level, const char* task, const std::string& message, const char* where) {
    if (port_ && shell_) port_->log(log_line(level, uptime().count(), task, message, where));
}

void board::set_chatter(std::chrono::milliseconds every) {
    settings_.chatter = every;
    loop_.cancel(chatter_timer_);
    if (every.count() > 0 && shell_) chatter_timer_ = loop_.after(every, [this] { chat(); });
}

// The noise of the firmware's MQTT task.
void board::chat() {
    const auto next = chatter_timer_.when + settings_.chatter;
    const long n = chatter_count_++;
    if (n % 3 == 2) {
        const auto retry = std::to_string(500 + n * 500 % 3500);
        log("ERR", "MQTTAgent",
            "Connection to the broker failed, retry in " + retry + " ms. Error=-" + std::to_string(n),
            "mqtt_agent_task.c:919");
    } else {
        log("INF", "MQTTAgent", "Sending a heartbeat message number " + std::to_string(n) + ".",
            "mqtt_agent_task.c:640");
    }
    chatter_timer_ = loop_.at(std::max(next, event_loop::now()), [this] { chat(); });
}

void board::set_fault(const std::string& name, const std::string& value) {
    settings_.faults.set(name, value);
    event("fault", {{"name", name}, {"value", value}});
    if (plugged()) act_on_fault(name);
}

void board::clear_faults() {
    settings_.faults.clear();
    trigger_.reset();
}

void board::act_on_fault(const std::string& name) {
    const auto& faults = settings_.faults;
    if (name == "random-garbage")
        send_raw(random_bytes(static_cast<std::size_t>(faults.number("random-garbage", 4096))));
    if (name == "line-1mib")
        send_raw(std::string(static_cast<std::size_t>(faults.number("line-1mib", 1 << 20)), 'x'));
}

bool board::command_begins(const std::string& line) {
    event("command", {{"text", redacted(line)}});
    if (!trigger_ && settings_.faults.has("reboot-midway"))
        trigger_ = trigger{settings_.faults.value("reboot-midway", "pki import cert"), trigger::at::middle,
                           trigger::action::reboot};
    if (!trigger_ || line.compare(0, trigger_->command.size(), trigger_->command) != 0) return true;
    if (trigger_->moment == trigger::at::before) {
        pull();
        return false;
    }
    trigger_active_ = true;
    pem_lines_ = 0;
    answer_start_ = port_->queued();
    return true;
}

bool board::pem_line() {
    constexpr int some_lines = 5;
    if (!trigger_active_ || trigger_->moment != trigger::at::middle || ++pem_lines_ < some_lines) return true;
    pull();
    return false;
}

void board::command_ended() {
    if (!trigger_active_) return;
    const auto end = port_->queued();
    cut_at_ = trigger_->moment == trigger::at::after ? end : answer_start_ + (end - answer_start_) / 2;
    if (port_->sent() >= *cut_at_) pull();
}

// The trigger goes off: once.
void board::pull() {
    const auto what = trigger_->what;
    trigger_.reset();
    trigger_active_ = false;
    cut_at_.reset();
    settings_.faults.clear("reboot-midway");
    loop_.post([this, what, alive = alive_] {
        if (!*alive || !plugged()) return;
        if (what == trigger::action::reboot) {
            power_on(reset_source::watchdog);
            return;
        }
        power_off();
        port_->reset();
        unplug_when_read(event_loop::now() + std::chrono::seconds(1));
    });
}

// What went over the cable before the plug was pulled has arrived, while a terminal that hangs up throws it
// away: the host is given the time to read it.
void board::unplug_when_read(event_loop::time_point deadline) {
    if (!pty_->host_there() || pty_->host_has_all() || event_loop::now() >= deadline) {
        unplug("trigger");
        return;
    }
    loop_.after(std::chrono::milliseconds(1), [this, deadline, alive = alive_] {
        if (*alive && plugged()) unplug_when_read(deadline);
    });
}

}  // namespace fleetline::rehearsal_board
