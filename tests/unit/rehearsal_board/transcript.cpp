// SPDX-License-Identifier: Apache-2.0
#include "transcript.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

namespace transcript {

namespace {

// The captures keep bytes as Latin-1 characters.
std::string latin1(const std::string& utf8) {
    std::string bytes;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto lead = static_cast<unsigned char>(utf8[i]);
        if (lead < 0x80) {
            bytes += utf8[i];
        } else {
            const auto next = static_cast<unsigned char>(utf8.at(++i));
            bytes += static_cast<char>(((lead & 0x1f) << 6) | (next & 0x3f));
        }
    }
    return bytes;
}

// "\r ESC [K" erases the line the cursor is in.
std::string with_erasures(const std::string& console) {
    const std::string erase = "\r\033[K";
    std::string out;
    for (std::size_t at = 0; at < console.size();) {
        if (console.compare(at, erase.size(), erase) != 0) {
            out += console[at++];
            continue;
        }
        const auto line = out.rfind('\n');
        out.resize(line == std::string::npos ? 0 : line + 1);
        at += erase.size();
    }
    return out;
}

struct log_line {
    std::size_t size = 0;  // with its line end; 0: there is none here
    std::string level, task, message;
};

// The log line that starts at this place: "<LVL> %8lu [%-10.10s] message\r\n".
log_line log_at(const std::string& text, std::size_t at) {
    if (text.size() < at + 25) return {};
    const auto level = text.substr(at + 1, 3);
    if (text.compare(at, 1, "<") != 0 || text.compare(at + 4, 2, "> ") != 0 ||
        std::string("ERR WRN INF DBG SYS ASR ").find(level + " ") == std::string::npos)
        return {};
    const auto open = text.find_first_not_of(" 0123456789", at + 6);
    const auto end = text.find('\r', at);
    if (open == std::string::npos || end == std::string::npos || end < open + 13 || text[open] != '[' ||
        text.compare(open + 11, 2, "] ") != 0 || text.compare(end, 2, "\r\n") != 0)
        return {};
    return {end + 2 - at, level, text.substr(open + 1, 10), text.substr(open + 13, end - open - 13)};
}

std::string without_logs(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto size = text[at] == '<' ? log_at(text, at).size : 0;
        if (size == 0) out += text[at];
        at += size == 0 ? 1 : size;
    }
    return out;
}

// How much of the last echo a dying board still gets out is chance.
std::string without_last_words(std::string text) {
    for (std::size_t at = 0; (at = text.find("\r\n<ASR>", at)) != std::string::npos; ++at) {
        const auto line = text.rfind('\n', at == 0 ? 0 : at - 1);
        const auto begin = line == std::string::npos || line >= at ? 0 : line + 1;
        text.erase(begin, at - begin);
        at = begin;
    }
    return text;
}

// A capture may end, and a read may stop, in the middle of a log line or of its redrawn prompt: not there
// yet.
std::string without_half_log(const std::string& console) {
    auto text = console;
    for (const std::string begun : {"\r\033[", "\r\033", "\r"})
        if (text.size() >= begun.size() && text.compare(text.size() - begun.size(), begun.size(), begun) == 0)
            text.resize(text.size() - begun.size());
    const auto redraw = text.rfind("\r\033[K");
    if (redraw != std::string::npos && text.find("\r\n> ", redraw) == std::string::npos) text.resize(redraw);
    const auto mark = text.rfind('<');
    if (mark != std::string::npos && mark + 6 <= text.size() && text[mark + 4] == '>' &&
        text.find('\n', mark) == std::string::npos)
        text.resize(mark);
    return text;
}

}  // namespace

std::vector<step> load(const std::string& name) {
    std::ifstream in(FLEETLINE_SOURCE_DIR "/tests/unit/rehearsal_board/transcripts/" + name + ".jsonl");
    REQUIRE(in);
    std::vector<step> steps;
    std::string note;
    for (std::string line; std::getline(in, line);) {
        const auto one = nlohmann::json::parse(line);
        const auto text = latin1(one["text"].get<std::string>());
        if (one["dir"] == "#")
            note = text;
        else if (one["dir"] == "tx")
            steps.push_back({note, text, ""});
        else if (!steps.empty())
            steps.back().answered += text;
    }
    REQUIRE(!steps.empty());
    return steps;
}

std::string comparable(const std::string& console) {
    std::string text = with_erasures(without_half_log(console));
    text = without_logs(without_last_words(text));
    const auto body = R"(-----\r\n(?:[A-Za-z0-9+/=]+\r\n)+)";
    for (const std::string label : {"PUBLIC KEY", "CERTIFICATE REQUEST"})
        text = std::regex_replace(text, std::regex("(-----BEGIN " + label + ")" + body),
                                  "$1-----\r\n(body)\r\n");
    text = std::regex_replace(text,
                              std::regex("(pki generate cert\r\n)-----BEGIN CERTIFICATE" + std::string(body)),
                              "$1-----BEGIN CERTIFICATE-----\r\n(body)\r\n");
    text =
        std::regex_replace(text, std::regex(R"(up \d+ day\(s\) \d\d:\d\d:\d\d\.\d\d\d\r\n)"), "(uptime)\r\n");
    text = std::regex_replace(
        text, std::regex(R"((\| [A-Z][A-Za-z. ]{15} )\| \d+ *\| 0x[0-9A-F]+ *\| +\d+ % )"), "$1(figures)");
    text = std::regex_replace(text, std::regex(R"([A-Za-z0-9+/]{86}==\r\nDONE)"), "(random)\r\nDONE");
    // Read behind the end of a buffer by the firmware: nobody can know the bytes.
    text = std::regex_replace(text, std::regex("(label: 'averyveryverylonglabelthatisfarlo)[^']*'"), "$1'");
    return text;
}

std::string last_line(const std::string& console) {
    const auto complete = without_half_log(console);
    return console.substr(complete.rfind('\n') + 1);
}

std::vector<std::string> log_messages(const std::string& console) {
    std::vector<std::string> messages;
    for (std::size_t at = 0; (at = console.find('<', at)) != std::string::npos; ++at) {
        const auto line = log_at(console, at);
        if (line.size == 0 || line.task == "MQTTAgent " || line.task == "Init      " ||
            line.task == "None      ")
            continue;
        messages.push_back(line.level + " [" + line.task + "] " + line.message);
    }
    return messages;
}

std::string visible(const std::string& bytes) {
    return nlohmann::json(bytes).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace transcript
