// SPDX-License-Identifier: Apache-2.0
#include "report/report_file.hpp"

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <system_error>

#include "report/columns.hpp"

namespace fleetline::report {

namespace {

constexpr std::size_t longest_record = std::size_t{64} * 1024;

using cells = std::vector<std::string>;

/// One RFC 4180 record, without its end. Nothing at the end of the file.
checked<std::optional<cells>> read_record(std::istream& from) {
    cells record(1);
    bool quoted = false;
    std::size_t length = 0;
    for (int byte = from.get(); byte != std::istream::traits_type::eof(); byte = from.get()) {
        if (++length > longest_record) return reason{"a line is too long"};
        const char c = static_cast<char>(byte);
        if (c == '"' && quoted && from.peek() == '"') {
            record.back() += static_cast<char>(from.get());
        } else if (c == '"' && (quoted || record.back().empty())) {
            quoted = !quoted;
        } else if (quoted) {  // NOLINT(bugprone-branch-clone): the order of the questions matters
            record.back() += c;
        } else if (c == ',') {
            record.emplace_back();
        } else if (c == '\n') {
            if (record.back().ends_with('\r')) record.back().pop_back();
            return std::optional{record};
        } else {
            record.back() += c;
        }
    }
    if (quoted) return reason{"a quoted cell does not end"};
    if (length == 0) return std::optional<cells>{};
    return reason{"the last line is cut short"};
}

std::string as_text(const nlohmann::json& value) {
    return value.is_string() ? value.get<std::string>() : value.dump();
}

}  // namespace

report_file::report_file(const std::filesystem::path& file) : name_(file) {
    const auto kind = std::filesystem::status(file).type();
    const bool is_there = kind != std::filesystem::file_type::not_found;
    if (kind == std::filesystem::file_type::directory) throw cannot_read(EISDIR);
    if (is_there && kind != std::filesystem::file_type::regular)
        throw std::runtime_error("reading " + file.string() + ": it is no regular file");
    from_.open(file, std::ios::binary);
    if (!from_) throw cannot_read(errno);
    std::array<char, 4> begins{};
    from_.read(begins.data(), begins.size());
    must_be_read();
    const std::string_view magic(begins.data(), static_cast<std::size_t>(from_.gcount()));
    rows_ = magic != "%PDF" && magic != "PK\x03\x04";
    empty_ = magic.empty();
    from_.clear();
    from_.seekg(0);
    csv_ = from_.peek() != '{' && !empty_;
}

std::system_error report_file::cannot_read(int why) const {
    return {why, std::generic_category(), "reading " + name_.string()};
}

/// What the disk does not give is not the end of the file.
void report_file::must_be_read() const {
    if (from_.bad()) throw cannot_read(errno != 0 ? errno : EIO);
}

checked<std::optional<cells>> report_file::next() {
    ++line_;
    auto row = csv_ ? next_csv() : next_jsonl();
    must_be_read();
    return row;
}

checked<std::optional<cells>> report_file::next_csv() {
    auto record = read_record(from_);
    if (!record) return record;
    if (!header_read_) {
        header_read_ = true;
        cells expected;
        for (const auto& column : columns()) expected.emplace_back(column.name);
        if (*record != expected) return reason{"the first line does not hold the report's columns"};
        return next();
    }
    if (*record && (*record)->size() != columns().size())
        return reason{"the line does not have a cell for each column"};
    return record;
}

checked<std::optional<cells>> report_file::next_jsonl() {
    text_.resize(longest_record + 1);
    from_.getline(text_.data(), static_cast<std::streamsize>(text_.size()));
    const auto count = static_cast<std::size_t>(from_.gcount());
    if (count == 0) return std::optional<cells>{};
    if (from_.fail()) return reason{"the line is too long"};
    const std::string_view line(text_.data(), from_.eof() ? count : count - 1);
    const auto object = nlohmann::json::parse(line, nullptr, false);
    if (!object.is_object() || object.size() != columns().size())
        return reason{"the line is not a JSON object with the report's keys"};
    cells record;
    for (const auto& column : columns()) {
        const auto found = object.find(column.name);
        if (found == object.end()) return reason{"the line has no key " + std::string{column.name}};
        record.push_back(as_text(*found));
    }
    return std::optional{record};
}

}  // namespace fleetline::report
