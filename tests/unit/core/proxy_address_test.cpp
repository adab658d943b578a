// SPDX-License-Identifier: Apache-2.0
#include "core/proxy_address.hpp"

#include <catch2/catch.hpp>

using namespace fleetline;

TEST_CASE("a proxy's URL is taken apart, user and password decoded", "[core]") {
    struct row {
        std::string url, host;
        unsigned port;
        std::string credentials, text;
    };
    const auto [url, host, port, credentials, text] = GENERATE(values<row>({
        {"http://proxy:3128", "proxy", 3128, "", "proxy:3128"},
        {"http://proxy:3128/", "proxy", 3128, "", "proxy:3128"},
        {"http://proxy", "proxy", 80, "", "proxy:80"},
        {"proxy:3128", "proxy", 3128, "", "proxy:3128"},
        {"http://[fd00::1]:3128", "fd00::1", 3128, "", "[fd00::1]:3128"},
        {"http://[fd00::1]", "fd00::1", 80, "", "[fd00::1]:80"},
        {"http://line:s3cret@proxy:8080", "proxy", 8080, "line:s3cret", "line:s3cret@proxy:8080"},
        {"http://CORP%5Cline:p%40s%25s@proxy:1", "proxy", 1, "CORP\\line:p@s%s",
         "CORP%5cline:p%40s%25s@proxy:1"},
        {"http://line:p@ss/w@proxy:8080", "proxy", 8080, "line:p@ss/w", "line:p%40ss%2fw@proxy:8080"},
        {"http://line:https://@proxy:8080", "proxy", 8080, "line:https://", "line:https:%2f%2f@proxy:8080"},
    }));
    CAPTURE(url);
    const auto proxy = parse_proxy(url);
    REQUIRE(proxy);
    CHECK(proxy->host == host);
    CHECK(proxy->port == port);
    CHECK(proxy->credentials == credentials);
    CHECK(proxy->text() == text);
}

TEST_CASE("what is no proxy is refused without showing it", "[core]") {
    const auto* const url =
        GENERATE("", "http://", "https://proxy:3128", "https://s3cret:x@proxy:1", "socks5://proxy:1",
                 "http://proxy:0", "http://proxy:99999", "http://proxy:", "http://proxy:80x",
                 "http://proxy/way", "http://s3cret%:x@proxy:1", "http://s3cret%4:x@proxy:1",
                 "http://s3cret:x@", "http://[::1", "http://[::1]x");
    CAPTURE(url);
    const auto proxy = parse_proxy(url);
    REQUIRE_FALSE(proxy);
    CHECK(proxy.why_not().find("s3cret") == std::string::npos);
}
