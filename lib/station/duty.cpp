// SPDX-License-Identifier: Apache-2.0
#include "station/duty.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/encoding.hpp"

namespace fleetline::station {

namespace asio = boost::asio;

namespace {

constexpr std::size_t longest_name = 256;

bool synced(const char* path, int how, std::string_view text) {
    const int to = ::open(path, how | O_CLOEXEC, 0640);
    if (to < 0) return false;
    const bool done = ::write(to, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                      ::fsync(to) == 0;
    const int why = errno;
    ::close(to);
    errno = why;
    return done;
}

/// Empty, or why it could not be written.
std::string keep(const std::filesystem::path& file, const std::string& text) {
    const std::string made = file.native() + "~";
    const bool done = synced(made.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW, text) &&
                      std::rename(made.c_str(), file.c_str()) == 0 &&
                      synced(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY, {});
    return done ? std::string() : file.string() + ": " + std::strerror(errno);
}

bool is_name(std::string_view text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    return !text.empty() && text.size() <= longest_name && is_utf8(text) &&
           std::none_of(text.begin(), text.end(), control);
}

}  // namespace

struct duty::writer {
    explicit writer(std::filesystem::path where) : file(std::move(where)) {}
    ~writer() { thread.join(); }
    writer(const writer&) = delete;
    writer& operator=(const writer&) = delete;

    std::filesystem::path file;
    asio::thread_pool thread{1};  ///< one: what was said last is what stays
};

duty::duty(std::string configured, std::filesystem::path file, time_source& time, const logger& log)
    : configured_(std::move(configured)), time_(time), log_(log) {
    if (file.empty()) return;
    read(file);
    writer_ = std::make_unique<writer>(std::move(file));
}

duty::~duty() = default;

/// One line: SINCE NAME. A clock that was set back since takes nobody's sign-on away.
void duty::read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string text(longest_name + 64, '\0');
    in.getline(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(std::strlen(text.c_str()));
    const auto space = text.find(' ');
    if (in.fail() || space == std::string::npos) return;
    const auto since = parse_rfc3339(text.substr(0, space));
    std::string name = text.substr(space + 1);
    if (!since || !is_name(name)) return;
    const auto age = std::max(time_.utc_now() - *since, milliseconds{0});
    if (age >= longest_shift) {
        log_.info(name + " signed on more than a shift ago and is signed on no longer");
        return;
    }
    signed_on_ = std::move(name);
    since_ = *since;
    until_ = time_.now() + (longest_shift - age);
    log_.info(signed_on_ + " is signed on, as before the restart");
}

asio::awaitable<void> duty::sign_on(std::string name) {
    const utc_time now = time_.utc_now();
    if (writer_) {
        const bool nobody = name.empty();
        std::string text = nobody ? std::string() : to_rfc3339(now) + ' ' + name + '\n';
        auto work = [file = writer_->file, text = std::move(text)]() -> asio::awaitable<std::string> {
            std::string trouble = keep(file, text);
            co_return trouble;
        };
        const std::string trouble =
            co_await asio::co_spawn(writer_->thread, std::move(work), asio::use_awaitable);
        if (!trouble.empty())
            log_.warning("Who is signed on cannot be kept, and is forgotten at a restart: " + trouble);
    }
    signed_on_ = std::move(name);
    since_ = signed_on_.empty() ? utc_time{} : now;
    until_ = time_.now() + longest_shift;
}

bool duty::is_over() const {
    return signed_on_.empty() || time_.now() >= until_;
}

const std::string& duty::name() const {
    return is_over() ? configured_ : signed_on_;
}

utc_time duty::since() const {
    return is_over() ? utc_time{} : since_;
}

}  // namespace fleetline::station
