// SPDX-License-Identifier: Apache-2.0
// Where a report (or any command's words) goes: a descriptor such as standard output, or a file that
// appears under its name only when it is whole. Buffered; owned by the command; one thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace fleetline::report {

/// The file that a name means: symbolic links are followed, also to where nothing is yet.
std::filesystem::path end_of_links(std::filesystem::path file);

class output {
  public:
    /// An open descriptor; it stays open afterwards. `name` is for messages.
    static output to_descriptor(int descriptor, std::string name);

    /// A temporary file beside `file` (or what that links to), renamed to it by commit(); dropped when that
    /// does not happen. What is there and no regular file, such as /dev/stdout or a pipe, is written into.
    static output to_file(const std::filesystem::path& file);

    output(output&& other) noexcept;
    output(const output&) = delete;
    output& operator=(const output&) = delete;
    output& operator=(output&&) = delete;
    ~output();

    /// Throws std::system_error with the name and the reason ("No space left on device").
    void write(std::string_view bytes) {
        if (bytes.size() > capacity - buffer_.size()) return write_slowly(bytes);
        buffer_.append(bytes);
    }
    void put(char byte) {
        if (buffer_.size() == capacity) flush();
        buffer_.push_back(byte);
    }

    void flush();

    /// Of a file that is not committed yet: where its bytes are, once flushed. Empty: it is no file of ours.
    const std::filesystem::path& unfinished() const noexcept { return temporary_; }

    /// Everything is written, and nothing but the name is left to commit().
    void settle();

    /// Everything is written and, for a file, on the disk and under its name.
    void commit();

  private:
    static constexpr std::size_t capacity = std::size_t{128} * 1024;

    output(int descriptor, std::string name, std::filesystem::path temporary, std::filesystem::path target);
    static output to_device(const std::filesystem::path& file, bool standard_output);
    void write_slowly(std::string_view bytes);
    void write_through(std::string_view bytes);
    [[noreturn]] void failed(int why) const;

    int descriptor_ = -1;
    std::string name_;
    std::filesystem::path temporary_;  ///< empty: what is written is there at once
    std::filesystem::path target_;     ///< empty: a descriptor that is not ours
    std::string buffer_;
};

}  // namespace fleetline::report
