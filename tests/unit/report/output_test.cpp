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

TEST_CASE("a symbolic link is followed, also to where nothing is yet", "[report]") {
    const scratch_directory scratch;
    std::filesystem::create_directory(scratch.file("elsewhere"));
    std::filesystem::create_symlink("elsewhere/report", scratch.file("first"));
    std::filesystem::create_symlink(scratch.file("first"), scratch.file("second"));
    for (const std::string text : {"new", "newer"}) {
        auto to = output::to_file(scratch.file("second"));
        to.write(text);
        to.commit();
        CHECK(contents(scratch.file("elsewhere/report")) == text);
    }
    CHECK(std::filesystem::is_symlink(scratch.file("first")));
    CHECK(std::filesystem::is_symlink(scratch.file("second")));
}

TEST_CASE("what is no regular file is written into, and stays what it is", "[report]") {
    const scratch_directory scratch;
    const auto pipe = scratch.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const int reader = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    REQUIRE(reader >= 0);
    {
        auto to = output::to_file(pipe);
        CHECK(to.unfinished().empty());
        to.write("text");
        to.commit();
    }
    std::string got(8, '\0');
    const auto length = ::read(reader, got.data(), got.size());
    CHECK(std::filesystem::is_fifo(pipe));
    CHECK(length == 4);
    CHECK(got.substr(0, 4) == "text");
    CHECK(::read(reader, got.data(), got.size()) == 0);  // nobody holds the other end any more
    ::close(reader);
    CHECK_THROWS_AS(output::to_file(scratch.path()), std::system_error);
}
