// SPDX-License-Identifier: Apache-2.0
#include "core/secret.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

using namespace fleetline;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // the sanitizers take mlock() away
#else
constexpr bool sanitized = false;
#endif

/// Whether the kernel holds the page of `address` locked and out of core dumps.
bool locked_and_not_dumped(const void* address) {
    std::ifstream maps("/proc/self/smaps");
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    bool inside = false;
    for (std::string line; std::getline(maps, line);) {
        std::uintptr_t from = 0;
        std::uintptr_t until = 0;
        char dash = 0;
        if (sscanf(line.c_str(), "%lx%c%lx ", &from, &dash, &until) == 3 && dash == '-')
            inside = wanted >= from && wanted < until;
        if (inside && line.rfind("VmFlags:", 0) == 0)
            return (line.find(" lo") != std::string::npos || sanitized) &&
                   line.find(" dd") != std::string::npos;
    }
    return false;
}

}  // namespace

TEST_CASE("a secret lies in locked memory that no core dump shows", "[core]") {
    const secret key{"-----BEGIN"};
    CHECK(key.reveal() == "-----BEGIN");
    CHECK(locked_and_not_dumped(key.reveal().data()));
}

TEST_CASE("a dropped secret's memory is wiped, and serves the next one as well", "[core]") {
    const char* where = nullptr;
    {
        const secret token{"a token"};
        where = token.reveal().data();
    }
    CHECK(std::string_view(where, 7) == std::string_view("\0\0\0\0\0\0\0", 7));

    const secret next{"key"};
    CHECK(next.reveal().data() == where);
    CHECK(locked_and_not_dumped(where));
}

TEST_CASE("more secrets than are kept spare, and a large one, are all right", "[core]") {
    const std::string large(10'000, 'x');
    for (int round = 0; round < 2; ++round) {
        std::vector<secret> many;
        for (int i = 0; i < 100; ++i) many.emplace_back(std::to_string(i));
        many.emplace_back(large);
        for (int i = 0; i < 100; ++i) CHECK(many[static_cast<std::size_t>(i)].reveal() == std::to_string(i));
        CHECK(many.back().reveal() == large);
    }
}

TEST_CASE("a secret moves and is never copied by accident", "[core]") {
    static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
    secret first{"token"};
    secret second = std::move(first);
    CHECK(second.reveal() == "token");
    CHECK(second.clone().reveal() == "token");
    first = std::move(second);
    CHECK(first.reveal() == "token");
}
