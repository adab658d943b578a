// SPDX-License-Identifier: Apache-2.0
// make_ledger FILE [BOARDS]: writes the day of the golden files or, with a number, so many boards.
#include <cstdlib>
#include <iostream>

#include "support/line_story.hpp"

int main(int argc, char** argv) {
    if (argc < 2) {
        std::cerr << "usage: make_ledger FILE [BOARDS]\n";
        return 2;
    }
    fleetline::test::line_story line{argv[1], "line-3"};
    if (argc == 2) {
        tell_a_day(line);
    } else {
        tell_many(line, std::strtoll(argv[2], nullptr, 10), 16, 1);
    }
    return 0;
}
