// SPDX-License-Identifier: Apache-2.0
#include "api/token_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "api/sockets.hpp"
#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/failure.hpp"

namespace fleetline::api {

namespace {

[[noreturn]] void broken(const std::filesystem::path& file, const std::string& why) {
    throw failure("station-configuration", "Using the token file", file.string(), why);
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_' || c == '@';
    });
}

std::string random_token() {
    std::array<char, 32> bits{};
    std::size_t filled = 0;
    while (filled < bits.size()) {
        const auto got = ::getrandom(bits.data() + filled, bits.size() - filled, 0);
        if (got > 0) filled += static_cast<std::size_t>(got);
    }
    std::string text = to_base64({bits.data(), bits.size()});
    ::explicit_bzero(bits.data(), bits.size());
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    text.pop_back();  // the padding
    return "flt_" + text;
}

/// Two CLIs at once take turns.
class turn {
  public:
    explicit turn(const std::filesystem::path& file)
        : lock_(::open((file.string() + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600)) {
        if (lock_.get() < 0 || ::flock(lock_.get(), LOCK_EX) != 0) broken(file, std::strerror(errno));
    }

  private:
    descriptor lock_;
};

}  // namespace

std::string token_store::make(std::string_view name, role is, utc_time now) {
    if (!is_name(name))
        throw failure("station-request-invalid", "Making a token", std::string{name},
                      "a name has 1 to 64 letters, digits, '.', '-', '_' or '@'");
    const turn mine{file_};
    auto entries = read();
    if (std::any_of(entries.begin(), entries.end(), [name](const entry& e) { return e.name == name; }))
        throw failure("station-request-invalid", "Making a token", std::string{name},
                      "there is one of that name");
    auto token = random_token();
    entry made;
    made.name = name;
    made.is = is;
    made.sha256 = sha256_hex(token);
    made.made_at = now;
    entries.push_back(std::move(made));
    write(entries);
    return token;
}

bool token_store::revoke(std::string_view name) {
    const turn mine{file_};
    auto entries = read();
    if (std::erase_if(entries, [name](const entry& e) { return e.name == name; }) == 0) return false;
    write(entries);
    return true;
}

std::vector<token_store::entry> token_store::list() {
    return read();
}

std::optional<token_store::entry> token_store::find(std::string_view token) {
    // Looked up by its digest: how long that takes tells nothing of the token.
    const auto digest = sha256_hex(token);
    refresh();
    for (const auto& one : entries_)
        if (one.sha256 == digest) return one;
    return std::nullopt;
}

bool token_store::knows(std::string_view sha256) {
    refresh();
    return std::any_of(entries_.begin(), entries_.end(),
                       [sha256](const entry& e) { return e.sha256 == sha256; });
}

void token_store::refresh() {
    struct stat there {};
    stamp now;
    if (::stat(file_.c_str(), &there) == 0)
        now = {there.st_ino, std::int64_t{there.st_mtim.tv_sec} * 1'000'000'000 + there.st_mtim.tv_nsec,
               there.st_size};
    if (now == seen_) return;
    entries_.clear();
    seen_ = now;
    if (now == stamp{}) return;
    try {
        entries_ = read();
    } catch (const failure&) {
        seen_ = {};  // nobody is let in, and the file is looked at again
    }
}

/// A line each: name, role, SHA-256, when.
std::vector<token_store::entry> token_store::read() const {
    std::ifstream from{file_};
    if (!from) {
        if (errno == ENOENT) return {};
        broken(file_, std::strerror(errno));
    }
    std::vector<entry> entries;
    for (std::string line; std::getline(from, line);) {
        if (line.empty() || line.front() == '#') continue;
        std::istringstream words{line};
        std::string name, is, sha256, when;
        words >> name >> is >> sha256 >> when;
        const auto known = role_from(is);
        const auto made_at = parse_rfc3339(when);
        if (!known || !is_name(name) || sha256.size() != 64 || !from_hex(sha256) || !made_at)
            broken(file_, "line " + std::to_string(entries.size() + 1) + " is not a token's");
        entry one;
        one.name = name;
        one.is = *known;
        one.sha256 = sha256;
        one.made_at = *made_at;
        entries.push_back(std::move(one));
    }
    return entries;
}

void token_store::write(const std::vector<entry>& entries) const {
    std::string text = "# fleetline: name, role, SHA-256 of the token, when it was made\n";
    for (const auto& one : entries)
        text.append(one.name)
            .append(" ")
            .append(to_text(one.is))
            .append(" ")
            .append(one.sha256)
            .append(" ")
            .append(to_rfc3339(one.made_at))
            .append("\n");
    const auto temporary = file_.string() + "~";
    const descriptor to{
        ::open(temporary.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (to.get() < 0) broken(file_, std::strerror(errno));
    // Made by root for the service: the directory's owner has to read it.
    struct stat directory {};
    if (::stat(file_.parent_path().c_str(), &directory) == 0 && ::geteuid() == 0 &&
        ::fchown(to.get(), directory.st_uid, directory.st_gid) != 0)
        broken(file_, std::strerror(errno));
    const auto written = ::write(to.get(), text.data(), text.size());
    if (written != static_cast<ssize_t>(text.size()) || ::fsync(to.get()) != 0 ||
        ::rename(temporary.c_str(), file_.c_str()) != 0)
        broken(file_, std::strerror(errno));
}

}  // namespace fleetline::api
