// SPDX-License-Identifier: Apache-2.0
#include "dialect/freertos_session.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"

namespace fleetline::dialect {

namespace {

// The board's receive buffer holds 512 bytes; while it writes its flash it takes none out.
constexpr std::size_t most_unechoed = 256;
// What answers hold at most: a certificate of 2048 bytes is 2.9 kB of PEM.
constexpr std::size_t longest_answer = std::size_t{8} * 1024;
// More than 20 s of log lines at 115200 baud without anything else.
constexpr std::size_t most_noise = std::size_t{256} * 1024;
constexpr milliseconds first_try{300};
constexpr milliseconds next_try{1'000};
constexpr milliseconds shortest_wait{2};
constexpr milliseconds listen_at_most{100};
constexpr milliseconds boot_shows_within{300};
constexpr std::size_t probe_bytes = 512;  // what one probe moves, both ways, with a log line between

/// "up 0 day(s) 00:01:02.345"
std::optional<milliseconds> parse_uptime(const std::string& line) {
    unsigned long days = 0;
    unsigned hours = 0;
    unsigned minutes = 0;
    unsigned seconds = 0;
    unsigned thousandths = 0;
    if (line.size() > 64 || std::sscanf(line.c_str(), "up %10lu day(s) %2u:%2u:%2u.%3u", &days, &hours,
                                        &minutes, &seconds, &thousandths) != 5)
        return std::nullopt;
    const auto total = std::chrono::hours{24 * std::min(days, 100'000UL)} + std::chrono::hours{hours} +
                       std::chrono::minutes{minutes} + std::chrono::seconds{seconds} +
                       milliseconds{thousandths};
    return std::chrono::duration_cast<milliseconds>(total);
}

std::string after(std::string_view text, std::string_view mark) {
    return printable(text.substr(text.find(mark) + mark.size()));
}

}  // namespace

std::string freertos_question::shown() const {
    return confidential ? "a confidential setting" : "\"" + printable(line, 80) + "\"";
}

freertos_session::freertos_session(std::unique_ptr<serial::console> console, const freertos_limits& limits)
    : console_(std::move(console)), limits_(limits) {}

void freertos_session::fail(std::string_view code, std::string reason) const {
    throw failure(code, doing_, console_->path(), std::move(reason));
}

void freertos_session::heed_log(const std::string& text) {
    if (text.find("File System mounted") != std::string::npos) mounted_ = true;
    const bool boot = text.find("Reset Source:") != std::string::npos;
    const bool assertion = text.find("Assertion failed") != std::string::npos;
    if (boot) {
        ++boots_;
        mounted_ = false;
        last_boot_ = after(text, "Reset Source:");
    }
    if ((boot || assertion) && !restart_is_fine_) {
        careful_ = true;
        fail("device-restarted", "its firmware said: " + printable(text));
    }
}

/// The next line or prompt; nullopt when the deadline passed.
boost::asio::awaitable<std::optional<freertos_item>> freertos_session::next(monotonic_time deadline) {
    for (;;) {
        while (auto item = stream_.next()) {
            if (item->what == freertos_item::kind::too_long)
                fail("device-flooded", "a line without end: " + printable(item->text, 60));
            if (item->what != freertos_item::kind::log) co_return item;
            heed_log(item->text);
        }
        const std::string bytes = co_await console_->receive(deadline);
        if (bytes.empty()) co_return std::nullopt;
        since_progress_ += bytes.size();
        if (since_progress_ > most_noise)
            fail("device-flooded", std::to_string(since_progress_) + " bytes without an answer among them");
        stream_.feed(bytes);
    }
}

boost::asio::awaitable<void> freertos_session::wake_up() {
    doing_ = "Waking the board up";
    restart_is_fine_ = true;
    in_order_ = false;
    since_progress_ = 0;
    const auto deadline = now() + limits_.wake_up;
    auto patience = first_try;
    co_await listen_first(deadline);
    while (!co_await probe(patience, deadline)) {
        if (now() >= deadline)
            fail("device-no-answer", since_progress_ == 0 ? "nothing came at all"
                                                          : std::to_string(since_progress_) +
                                                                " bytes came, but no answer to `uptime`");
        patience = next_try;
    }
    in_order_ = true;
    used_at_ = now();
}

/// Takes what came before we were there: it may tell of a boot, and a board that is still booting hears
/// nothing.
boost::asio::awaitable<void> freertos_session::listen_first(monotonic_time deadline) {
    const unsigned boots = boots_;
    const auto enough = now() + listen_at_most;
    for (;;) {
        const bool booting = boots != boots_;
        if (!booting && now() >= enough) break;
        const auto item = co_await next(std::min(deadline, now() + (booting ? next_try : shortest_wait)));
        if (!item) break;
        if (item->what == freertos_item::kind::prompt && boots != boots_) break;
    }
}

/// One try: end a half-typed line (Ctrl-C), end a half-done import (a line that is no base64), ask for the
/// uptime. The middle line is new each time, so that what an earlier user of the console left behind is not
/// mistaken for an answer.
boost::asio::awaitable<bool> freertos_session::probe(milliseconds patience, monotonic_time last) {
    const auto deadline = std::min(last, now() + patience + console_->wire_time(probe_bytes));
    char throw_away[24];
    std::snprintf(throw_away, sizeof throw_away, "? %u?", ++probes_);
    const std::string nonce = throw_away;
    co_await console_->send("\x03" + nonce + "\nuptime\n");
    unsigned boots = boots_;
    bool echoed = false;
    bool asked = false;
    std::optional<milliseconds> uptime;
    for (;;) {
        const auto item = co_await next(deadline);
        if (!item) co_return false;
        const bool at_prompt = item->what == freertos_item::kind::prompt;
        if (boots != boots_) {  // it did not hear us
            if (at_prompt) co_return false;
            continue;
        }
        if (at_prompt && uptime) break;
        if (at_prompt) continue;
        if (item->text == nonce) echoed = true;
        if (echoed && item->text == "uptime") asked = true;
        if (asked && !uptime) uptime = parse_uptime(item->text);
    }
    since_progress_ = 0;
    boots = boots_;
    co_await wait_until_settled(*uptime);
    co_return boots == boots_;
}

/// A `conf` command that comes before the key-value store is ready crashes this firmware, and the first
/// prompt comes earlier than that.
boost::asio::awaitable<void> freertos_session::wait_until_settled(milliseconds uptime) {
    const auto deadline = now() + (limits_.settled_after - uptime);
    const unsigned boots = boots_;
    just_booted_ = uptime < limits_.settled_after;
    while ((careful_ || !mounted_) && boots == boots_ && now() < deadline) {
        const auto item = co_await next(deadline);
        if (!item) break;
    }
}

boost::asio::awaitable<void> freertos_session::ready(std::string doing) {
    const bool stale = now() - used_at_ > limits_.idle;
    const unsigned boots = boots_;
    if (!in_order_ || stale) {
        const bool was_in_order = in_order_;
        co_await wake_up();
        doing_ = doing;
        if (was_in_order && boots != boots_)
            fail("device-restarted", "its firmware said: Reset Source:" + last_boot_);
    }
    doing_ = std::move(doing);
}

struct freertos_session::progress {
    const freertos_question* asked = nullptr;
    bool echoed = false;
    std::size_t size = 0;
    freertos_answer answer;
};

std::string freertos_session::take_line(progress& at, std::string text) const {
    if (text.empty()) return {};
    if (!at.echoed) {
        at.echoed = text == at.asked->line;
        if (at.echoed) return {};
        return at.asked->shown() + " was echoed as " +
               (at.asked->confidential ? "something else" : "\"" + printable(text, 80) + "\"");
    }
    at.size += text.size();
    if (at.size > longest_answer) fail("device-flooded", "an answer without end");
    at.answer.push_back(std::move(text));
    return {};
}

/// A board that restarts breaks off in the middle of a line: that is not the answer's fault.
boost::asio::awaitable<void> freertos_session::deviate(std::string how) {
    const auto deadline = now() + boot_shows_within;
    while (co_await next(deadline)) {
    }
    fail("device-answer-invalid", std::move(how));
}

boost::asio::awaitable<void> freertos_session::converse(std::vector<freertos_question>& questions,
                                                        std::vector<freertos_answer>& answers) {
    std::size_t sent = 0;
    std::size_t unechoed = 0;
    for (auto& question : questions) {
        progress at;
        at.asked = &question;
        auto deadline = now() + limits_.echo + console_->wire_time(unechoed + most_unechoed);
        for (bool answered = false; !answered;) {
            std::string burst;
            while (sent < questions.size() &&
                   (unechoed == 0 || unechoed + questions[sent].line.size() + 1 <= most_unechoed)) {
                burst += questions[sent].line + '\n';
                unechoed += questions[sent++].line.size() + 1;
            }
            if (!burst.empty()) co_await console_->send(std::move(burst));
            auto item = co_await next(deadline);
            if (!item)
                fail("device-no-answer", (at.echoed ? "no answer to " : "no echo of ") + question.shown());
            if (item->what == freertos_item::kind::prompt) {
                answered = at.echoed;
                continue;
            }
            const bool before = at.echoed;
            if (!item->text.empty()) since_progress_ = 0;
            std::string deviation = take_line(at, std::move(item->text));
            if (!deviation.empty()) co_await deviate(std::move(deviation));
            if (at.echoed && !before) {
                unechoed -= question.line.size() + 1;
                deadline = now() + question.patience + console_->wire_time(longest_answer);
            }
        }
        if (question.check) question.check(at.answer);
        answers.push_back(std::move(at.answer));
    }
}

boost::asio::awaitable<std::vector<freertos_answer>> freertos_session::ask(
    std::string doing, std::vector<freertos_question> questions) {
    co_await ready(std::move(doing));
    restart_is_fine_ = false;
    in_order_ = false;  // until all went well
    since_progress_ = 0;
    std::vector<freertos_answer> answers;
    co_await converse(questions, answers);
    in_order_ = true;
    used_at_ = now();
    co_return answers;
}

boost::asio::awaitable<void> freertos_session::reset() {
    co_await ready("Restarting the board");
    restart_is_fine_ = true;
    in_order_ = false;
    since_progress_ = 0;
    co_await console_->send("reset\n");
    restarting_ = true;
    try {
        co_await await_boot();
        restarting_ = false;
    } catch (const failure& went_away) {
        // A board whose USB is its own goes away with its reset: that is what was asked for.
        if (went_away.code() != "port-gone") throw;
    }
}

boost::asio::awaitable<void> freertos_session::await_boot() {
    const unsigned boots = boots_;
    const auto deadline = now() + limits_.boot;
    bool resetting = false;
    while (boots == boots_) {
        const auto item = co_await next(deadline);
        if (!item)
            fail("device-no-answer", resetting ? "it said \"Resetting device.\" and nothing after that"
                                               : "it does not obey `reset`");
        if (item->text == "Resetting device.") resetting = true;
    }
}

}  // namespace fleetline::dialect
