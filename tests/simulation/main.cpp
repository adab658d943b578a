// SPDX-License-Identifier: Apache-2.0
// fleetline-simulation [--from S] [--seeds N] [--story]: runs the seeds, and tells the story of each that
// fails (or of all). Exit status 1 when one did.
#include <malloc.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "world.hpp"

int main(int count, char** given) {
    // What one day gives back the next one takes: not to be handed to the system in between.
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    std::uint64_t from = 1;
    std::uint64_t seeds = 1;
    bool always = false;
    bool first = false;
    std::string ledger;
    for (int at = 1; at < count; ++at) {
        const std::string word = given[at];
        if (word == "--story") {
            always = true;
        } else if (word == "--first") {
            first = true;
        } else if (at + 1 < count && word == "--ledger") {
            ledger = given[++at];
        } else if (at + 1 < count && (word == "--from" || word == "--seeds")) {
            (word == "--from" ? from : seeds) = std::strtoull(given[++at], nullptr, 10);
        } else {
            std::cerr
                << "usage: fleetline-simulation [--from S] [--seeds N] [--story | --first] [--ledger FILE]\n";
            return 2;
        }
    }
    std::uint64_t failed = 0;
    for (auto seed = from; seed < from + seeds; ++seed) {
        fleetline::simulation::world day(seed);
        day.run();
        const auto& told = day.told();
        if (!ledger.empty()) std::ofstream(ledger, std::ios::binary) << day.ledger_file();
        if (told.violations().empty() && !always) continue;
        std::cout << "seed " << seed << "\n";
        for (const auto& line : told.lines()) std::cout << line << "\n";
        for (const auto& wrong : told.violations())
            std::cout << "seed " << seed << " FAILED: " << wrong << "\n";
        std::cout << std::flush;
        if (!told.violations().empty()) ++failed;
        if (first && failed > 0) return 1;
    }
    std::cout << seeds << " seeds from " << from << ", " << failed << " failed\n";
    return failed == 0 ? 0 : 1;
}
