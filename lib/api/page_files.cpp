// SPDX-License-Identifier: Apache-2.0
#include "api/page_files.hpp"

#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "api/problem.hpp"
#include "core/digest.hpp"
#include "core/failure.hpp"

namespace fleetline::api {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} * 1024 * 1024;

std::string_view type_of(std::string_view extension) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 14> known{{
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".ico", "image/x-icon"},
        {".webp", "image/webp"},
        {".woff2", "font/woff2"},
        {".mp3", "audio/mpeg"},
        {".wav", "audio/wav"},
        {".txt", "text/plain; charset=utf-8"},
    }};
    for (const auto& [end, type] : known)
        if (end == extension) return type;
    return "application/octet-stream";
}

std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

}  // namespace

page_files::page_files(const std::filesystem::path& directory) {
    try {
        read(directory);
    } catch (const std::filesystem::filesystem_error& why) {
        throw failure("station-configuration", "Reading the page's files", directory.string(),
                      why.code().message());
    }
}

void page_files::read(const std::filesystem::path& directory) {
    std::size_t total = 0;
    for (std::filesystem::recursive_directory_iterator at{directory}, end; at != end; ++at) {
        const auto& path = at->path();
        if (path.filename().native().starts_with('.')) {
            at.disable_recursion_pending();
            continue;
        }
        if (at->symlink_status().type() != std::filesystem::file_type::regular) continue;
        total += at->file_size();
        if (total > most_bytes)
            throw failure("station-configuration", "Reading the page's files", directory.string(),
                          "it holds more than 16 MiB");
        std::string name = "/" + path.lexically_relative(directory).generic_string();
        const bool compressed = path.extension() == ".gz";
        if (compressed) name.resize(name.size() - 3);
        auto& into = files_[name];
        auto bytes = bytes_of(path);
        if (compressed) {
            into.compressed = std::move(bytes);
        } else {
            into.type = type_of(path.extension().native());
            into.tag = '"' + sha256_hex(bytes).substr(0, 32) + '"';
            into.bytes = std::move(bytes);
        }
    }
}

response page_files::answer(const request& what) const {
    const auto found = files_.find(what.path == "/" ? std::string_view{"/index.html"} : what.path);
    if (found == files_.end() || found->second.tag.empty())
        return problem("station-request-not-found", "there is nothing at this address");
    const auto& one = found->second;
    const bool same = what.if_none_match == one.tag;
    response out{same ? 304 : 200, one.type, same ? std::string{} : one.bytes};
    out.page = true;
    out.headers.emplace_back("ETag", one.tag);
    out.headers.emplace_back("Cache-Control", "no-cache");
    out.headers.emplace_back("Vary", "Accept-Encoding");
    if (!same && !one.compressed.empty() && what.accept_encoding.find("gzip") != std::string::npos) {
        out.body = one.compressed;
        out.headers.emplace_back("Content-Encoding", "gzip");
    }
    return out;
}

}  // namespace fleetline::api
