// SPDX-License-Identifier: Apache-2.0
#include "dialect/freertos_stream.hpp"

#include <utility>

namespace fleetline::dialect {

namespace {

// The firmware's own limits: input lines of 127 characters, output scratch of 512.
constexpr std::size_t longest_line = 2048;
constexpr std::size_t longest_log = 2048;
constexpr std::size_t kept_of_log = 256;
constexpr std::size_t longest_escape = 16;
constexpr std::string_view prompt = "> ";

bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}

/// Whether `c` can be byte `at` of "<INF> ". The level is any three capitals: the firmware has more of them
/// than its documents say.
bool fits_log_start(std::size_t at, char c) {
    switch (at) {
        case 0:
            return c == '<';
        case 4:
            return c == '>';
        case 5:
            return c == ' ';
        default:
            return is_upper(c);
    }
}

/// A prompt stands alone at the start of a line, or right behind a message that has no line end
/// ("ERROR: Failed to parse public key.> ", "Resetting device.> ").
bool ends_in_prompt(std::string_view line) {
    if (!line.ends_with(prompt)) return false;
    line.remove_suffix(prompt.size());
    return line.empty() || line.back() == '.' || line.back() == '\'';
}

}  // namespace

void freertos_stream::feed(std::string_view bytes) {
    for (const char c : bytes) take(c);
}

std::optional<freertos_item> freertos_stream::next() {
    if (ready_.empty()) return std::nullopt;
    freertos_item item = std::move(ready_.front());
    ready_.pop_front();
    return item;
}

void freertos_stream::restart() {
    line_.clear();
    held_.clear();
    log_.clear();
    in_log_ = false;
    log_length_ = 0;
    escape_ = escape::none;
    ready_.clear();
}

void freertos_stream::take(char c) {
    if (c == '\0') return;  // key generation prints one behind a label
    if (take_escape(c)) return;
    if (in_log_)
        take_in_log(c);
    else
        take_text(c);
}

/// The only sequence this firmware writes is "\r ESC [ K": what stands in this line is erased, and written
/// again behind the log line that follows.
bool freertos_stream::take_escape(char c) {
    switch (escape_) {
        case escape::none:
            if (c != '\x1b') return false;
            if (in_log_) end_log();
            escape_ = escape::begun;
            escape_length_ = 0;
            return true;
        case escape::begun:
            escape_ = c == '[' ? escape::sequence : escape::none;
            return c == '[';
        case escape::sequence:
            if (c == '\n' || ++escape_length_ > longest_escape) {
                escape_ = escape::none;
                return false;
            }
            if (c < '@' || c > '~') return true;
            escape_ = escape::none;
            if (c == 'K') {
                line_.clear();
                held_.clear();
            }
            return true;
    }
    return false;
}

void freertos_stream::take_in_log(char c) {
    if (c == '\n') return end_log();
    if (c == '\r') return;
    if (log_.size() < kept_of_log) log_ += c;
    if (++log_length_ == longest_log) emit(freertos_item::kind::too_long, log_);
}

void freertos_stream::take_text(char c) {
    if (!held_.empty() || c == '<') {
        if (fits_log_start(held_.size(), c)) {
            held_ += c;
            if (held_.size() < 6) return;
            log_ = std::exchange(held_, {});
            log_length_ = log_.size();
            in_log_ = true;
            return;
        }
        if (!held_.empty() && c == '\r') {  // a log line cut very short
            log_ = std::exchange(held_, {});
            log_length_ = log_.size();
            in_log_ = true;
            return;
        }
        put_back_held();
        if (c == '<') {
            held_ = c;
            return;
        }
    }
    if (c == '\n') return end_line();
    if (c == '\r') return;
    if (c == '\b') {
        if (!line_.empty()) line_.pop_back();
        return;
    }
    line_ += c;
    if (c == ' ' && ends_in_prompt(line_)) {
        line_.resize(line_.size() - prompt.size());
        if (!line_.empty()) end_line();
        emit(freertos_item::kind::prompt, {});
    } else if (line_.size() > longest_line) {
        emit(freertos_item::kind::too_long, line_.substr(0, kept_of_log));
        line_.clear();
    }
}

void freertos_stream::put_back_held() {
    line_ += std::exchange(held_, {});
}

void freertos_stream::end_line() {
    emit(freertos_item::kind::line, std::exchange(line_, {}));
}

void freertos_stream::end_log() {
    in_log_ = false;
    emit(freertos_item::kind::log, std::exchange(log_, {}));
}

void freertos_stream::emit(freertos_item::kind what, std::string text) {
    freertos_item item;
    item.what = what;
    item.text = std::move(text);
    ready_.push_back(std::move(item));
}

}  // namespace fleetline::dialect
