// SPDX-License-Identifier: Apache-2.0
#include "unit/dialect/capture.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/encoding.hpp"

namespace fleetline::test {

namespace {

const std::filesystem::path place =
    std::filesystem::path(FLEETLINE_SOURCE_DIR) / "tests/unit/dialect/transcripts";

std::string without_line_end(std::string line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.pop_back();
    return line;
}

}  // namespace

capture capture::load(const std::string& name) {
    std::ifstream file(place / (name + ".jsonl"));
    if (!file) throw std::runtime_error("no transcript " + name);
    capture loaded;
    for (std::string line; std::getline(file, line);) {
        const auto entry = nlohmann::json::parse(line);
        const auto way = entry.at("dir").get<std::string>();
        if (way == "#") continue;
        loaded.pieces.push_back({way == "rx", from_hex(entry.at("hex").get<std::string>()).value()});
    }
    return loaded;
}

std::string capture::from_board() const {
    std::string all;
    for (const auto& one : pieces)
        if (one.from_board) all += one.bytes;
    return all;
}

std::map<std::string, std::vector<std::string>> capture::answers() const {
    std::map<std::string, std::vector<std::string>> all;
    std::vector<std::string>* current = nullptr;
    for (const auto& one : pieces) {
        if (!one.from_board) {
            current = &all[without_line_end(one.bytes)];
            current->emplace_back();
        } else if (current != nullptr) {
            current->back() += one.bytes;
        }
    }
    return all;
}

std::string capture::certificate_sent(int n) const {
    std::string pem;
    for (const auto& one : pieces) {
        if (one.from_board) continue;
        const auto line = without_line_end(one.bytes);
        if (line == "-----BEGIN CERTIFICATE-----") pem.clear(), --n;
        if (n > 0) continue;
        pem += line + "\n";
        if (line == "-----END CERTIFICATE-----") return pem;
    }
    throw std::runtime_error("no such certificate in the transcript");
}

std::string large_certificate() {
    std::ifstream file(place / "large_certificate.pem");
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.empty()) throw std::runtime_error("no large_certificate.pem");
    return text;
}

std::vector<std::string> capture_names() {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(place))
        if (entry.path().extension() == ".jsonl") names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace fleetline::test
