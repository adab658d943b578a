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

bool is_standard_output(const struct stat& file) {
    struct stat ours {};
    return ::fstat(STDOUT_FILENO, &ours) == 0 && ours.st_dev == file.st_dev && ours.st_ino == file.st_ino;
}

}  // namespace

std::filesystem::path end_of_links(std::filesystem::path file) {
    constexpr int most_links = 40;  // the kernel's own limit
    std::error_code error;
    for (int i = 0; i < most_links && std::filesystem::is_symlink(file, error); ++i) {
        const auto to = std::filesystem::read_symlink(file, error);
        if (error) break;
        file = file.parent_path() / to;
    }
    return file;
}

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
    struct stat there {};
    const bool exists = ::stat(file.c_str(), &there) == 0;
    if (exists && (!S_ISREG(there.st_mode) || is_standard_output(there)))
        return to_device(file, is_standard_output(there));
    const auto target = end_of_links(file);
    std::string pattern = target.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(pattern.data(), O_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "writing " + file.string());
    ::fchmod(descriptor, usual_mode());
    return output{descriptor, file.string(), pattern, target};
}

output output::to_device(const std::filesystem::path& file, bool standard_output) {
    // /dev/stdout of a shell's ">" is a regular file: it is gone on with, not begun anew.
    const int descriptor = standard_output ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                                           : ::open(file.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "writing " + file.string());
    return output{descriptor, file.string(), {}, file};
}

output::~output() {
    const bool ours = !target_.empty();
    if (ours && descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
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

void output::settle() {
    flush();
    if (!temporary_.empty() && ::fsync(descriptor_) != 0) failed(errno);
}

void output::commit() {
    settle();
    if (temporary_.empty()) return;
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) failed(errno);
    ::close(std::exchange(descriptor_, -1));
    temporary_.clear();
}

}  // namespace fleetline::report
