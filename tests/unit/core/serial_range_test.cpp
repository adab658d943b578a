// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "core/serial_range.hpp"

using namespace fleetline;

TEST_CASE("a range counts its last digits up, with their width kept", "[core]") {
    const auto range = serial_range::between("SN-098", "SN-101");
    REQUIRE(range);
    CHECK(range->size() == 4);
    CHECK(range->first() == "SN-098");
    CHECK(range->last() == "SN-101");
    CHECK(range->after("") == "SN-098");
    CHECK(range->after("SN-098") == "SN-099");
    CHECK(range->after("SN-099") == "SN-100");
    CHECK_FALSE(range->after("SN-101"));
    for (const auto* stranger : {"SN-097", "SN-102", "SN-99", "XN-099", "SN-0990", "SN-0x9"}) {
        CHECK_FALSE(range->holds(stranger));
        CHECK_FALSE(range->after(stranger));
    }
}

TEST_CASE("numbers that are taken are passed over, to the end of the range", "[core]") {
    const auto range = serial_range::between("SN-098", "SN-101");
    const auto but = [](const std::string& one) {
        return [one](const std::string& serial) { return serial < one; };
    };
    CHECK(range->free_after("", but("")) == "SN-098");
    CHECK(range->free_after("SN-098", but("SN-101")) == "SN-101");
    CHECK(range->free_after("SN-100", but("SN-099")) == "SN-101");
    CHECK_FALSE(range->free_after("", but("SN-102")));
    CHECK_FALSE(range->free_after("SN-101", but("")));
}

TEST_CASE("one number is a range, and so are eighteen digits", "[core]") {
    CHECK(serial_range::between("7", "7")->size() == 1);
    const auto wide = serial_range::between("A000000000000000000", "A999999999999999999");
    REQUIRE(wide);
    CHECK(wide->size() == 1'000'000'000'000'000'000);
    // More digits than can be counted: those in front are part of the beginning.
    CHECK(serial_range::between("123456789012345678901", "123456789012345678909")->size() == 9);
    CHECK_FALSE(serial_range::between("123456789012345678901", "223456789012345678901"));
}

TEST_CASE("ends that make no range are told why", "[core]") {
    CHECK(serial_range::between("SN9", "SN10").why_not().find("length") != std::string::npos);
    CHECK(serial_range::between("SNA", "SNB").why_not().find("digits") != std::string::npos);
    CHECK(serial_range::between("A01", "B02").why_not().find("begin alike") != std::string::npos);
    CHECK(serial_range::between("SN02", "SN01").why_not().find("before") != std::string::npos);
    CHECK_FALSE(serial_range::between("", ""));
}
