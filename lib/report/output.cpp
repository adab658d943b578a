// SPDX-License-Identifier: Apache-2.0
#include "report/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace fleetline::report {

namespace {

/// What a new file's mode would be: mkstemp makes 0600, a report is made like any other file.
mode_t usual_mode() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666U & ~mask;
}

}  // namespace

output::output(int descriptor, std::string name, std::filesystem::path temporary,
               std::filesystem::path target)
    : descriptor_(descriptor),
      name_(std::move(name)),
      temporary_(std::move(temporary)),
      target_(std::move(target)) {
    buffer_.reserve(capacity);
}

output::output(output&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, {})),
      target_(std::move(other.target_)),
      buffer_(std::move(other.buffer_)) {}

output output::to_descriptor(int descriptor, std::string name) {
    return output{descriptor, std::move(name), {}, {}};
}

output output::to_file(const std::filesystem::path& file) {
    std::string pattern = file.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "writing " + file.string());
    ::fchmod(descriptor, usual_mode());
    return output{descriptor, file.string(), pattern, file};
}

output::~output() {
    if (temporary_.empty()) return;
    ::close(descriptor_);
    ::unlink(temporary_.c_str());
}

void output::failed(int why) const {
    throw std::system_error(why, std::generic_category(), "writing " + name_);
}

void output::write_through(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t taken = ::write(descriptor_, bytes.data(), bytes.size());
        if (taken >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(taken));
        } else if (errno != EINTR) {
            failed(errno);
        }
    }
}

void output::flush() {
    write_through(buffer_);
    buffer_.clear();
}

void output::write_slowly(std::string_view bytes) {
    flush();
    if (bytes.size() >= capacity) return write_through(bytes);
    buffer_.append(bytes);
}

void output::commit() {
    flush();
    if (temporary_.empty()) return;
    if (::fsync(descriptor_) != 0) failed(errno);
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) failed(errno);
    ::close(std::exchange(descriptor_, -1));
    temporary_.clear();
}

}  // namespace fleetline::report
