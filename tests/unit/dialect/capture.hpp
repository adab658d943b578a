// SPDX-License-Identifier: Apache-2.0
// The captured conversations with the real firmware (transcripts/), for replay.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace fleetline::test {

struct capture {
    struct piece {
        bool from_board;
        std::string bytes;
    };
    std::vector<piece> pieces;  ///< as they came

    /// `name`: of a file in transcripts/, without ".jsonl".
    static capture load(const std::string& name);

    /// Everything the board sent.
    std::string from_board() const;

    /// What the board sent after each line to it (without its end), up to the next, in order.
    std::map<std::string, std::vector<std::string>> answers() const;

    /// The lines sent to the board from the n-th "BEGIN CERTIFICATE" on, as a PEM text.
    std::string certificate_sent(int n) const;
};

/// A certificate of more than 2048 bytes, PEM.
std::string large_certificate();

/// All of them.
std::vector<std::string> capture_names();

}  // namespace fleetline::test
