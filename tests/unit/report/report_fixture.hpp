// SPDX-License-Identifier: Apache-2.0
// Reports of the story's day, as text and as files.
#pragma once

#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include "ledger/reader.hpp"
#include "report/writer.hpp"
#include "support/line_story.hpp"
#include "support/scratch_directory.hpp"

namespace fleetline::test {

inline std::string contents(const std::string& file) {
    std::ifstream from{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{from}, {}};
}

struct day {
    day() {
        line_story line{directory.file("ledger.db"), "line-3"};
        tell_a_day(line);
    }

    ledger::reader reader() const { return ledger::reader{directory.file("ledger.db")}; }

    /// Every attempt, oldest first; answers the file's name.
    std::string written(const std::string& name,
                        const std::function<std::unique_ptr<report::writer>(report::output&)>& make) const {
        const auto file = directory.file(name);
        auto to = report::output::to_file(file);
        const auto writer = make(to);
        ledger::filter all;
        all.newest_first = false;
        reader().attempts(all, [&writer](const ledger::attempt_row& row) {
            writer->row(row);
            return true;
        });
        writer->finish();
        to.commit();
        return file;
    }

    scratch_directory directory;
};

}  // namespace fleetline::test
