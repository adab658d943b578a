// SPDX-License-Identifier: Apache-2.0
#include "report/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <system_error>

#include "report_fixture.hpp"

using fleetline::report::output;
using namespace fleetline::test;

TEST_CASE("a file appears under its name only when it is whole", "[report]") {
    const scratch_directory scratch;
    const auto file = scratch.file("report");
    {
        auto to = output::to_file(file);
        to.write("half");
        to.flush();
        CHECK_FALSE(std::filesystem::exists(file));
    }
    CHECK(std::filesystem::is_empty(scratch.path()));

    auto to = output::to_file(file);
    to.write("whole");
    to.commit();
    CHECK(contents(file) == "whole");
}

TEST_CASE("a report is as readable as any other new file", "[report]") {
    const scratch_directory scratch;
    const auto before = ::umask(0027);
    auto to = output::to_file(scratch.file("report"));
    to.commit();
    ::umask(before);
    struct ::stat found {};
    REQUIRE(::stat(scratch.file("report").c_str(), &found) == 0);
    CHECK((found.st_mode & 0777U) == 0640U);
}

TEST_CASE("text of any length comes out as it went in", "[report]") {
    const scratch_directory scratch;
    const auto file = scratch.file("report");
    std::string all;
    auto to = output::to_file(file);
    for (const std::size_t length : {0U, 1U, 1000U, 131'071U, 131'072U, 131'073U, 500'000U, 3U}) {
        const std::string piece(length, static_cast<char>('a' + length % 26));
        to.write(piece);
        to.put('\n');
        all += piece + '\n';
    }
    to.commit();
    CHECK(contents(file) == all);
}

TEST_CASE("a full disk is an error that names the file", "[report]") {
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    REQUIRE(full >= 0);
    auto to = output::to_descriptor(full, "the report");
    to.write("text");
    try {
        to.commit();
        FAIL("it was written");
    } catch (const std::system_error& why) {
        CHECK(why.code() == std::errc::no_space_on_device);
        CHECK(std::string{why.what()}.find("the report") != std::string::npos);
    }
    ::close(full);
}
