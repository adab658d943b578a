// SPDX-License-Identifier: Apache-2.0
// Captures of the real firmware's console, and what has to be taken out of them before two can be compared.
#pragma once

#include <string>
#include <vector>

namespace transcript {

struct step {
    std::string note;      // what the capture says about it
    std::string sent;      // by the host
    std::string answered;  // by the device, until the next thing was sent
};

// transcripts/NAME.jsonl. What the device said before anything was sent is left out.
std::vector<step> load(const std::string& name);

// Without log lines, redrawn prompts, keys, requests, ticks and memory figures.
std::string comparable(const std::string& console);
// What a redrawn prompt may still change: the line in which complete output ends, and what follows.
std::string last_line(const std::string& console);
// The log lines' messages in order: "LVL [task] text". Lines of the network task and of booting are left out.
std::vector<std::string> log_messages(const std::string& console);
// Printable, for a failure's message.
std::string visible(const std::string& bytes);

}  // namespace transcript
