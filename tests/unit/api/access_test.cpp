// SPDX-License-Identifier: Apache-2.0
// Who may ask what.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>

#include "api/routes.hpp"
#include "api/sockets.hpp"
#include "api/token_store.hpp"
#include "core/encoding.hpp"
#include "core/failure.hpp"
#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;
using api::test::answer;
using api::test::line;

namespace {

struct tokens {
    explicit tokens(const std::filesystem::path& file) : store(file) {
        for (const role which : {role::operator_role, role::engineer, role::auditor})
            of[which] = store.make(std::string{to_text(which)}, which, utc_time{});
    }
    token_store store;
    std::map<role, std::string> of;
};

void with_tcp(settings& wanted) {
    wanted.listen = "127.0.0.1:0";
    wanted.token_file = wanted.socket.parent_path() / "tokens";
}

answer ask(const line& here, const route& which, const std::string& authorization) {
    std::string path{which.pattern};
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{'))
        path.replace(at, path.find('}') - at + 1, "X");
    std::string text = std::string{which.verb} + ' ' + path +
                       " HTTP/1.1\r\nHost: localhost:" + std::to_string(here.port()) +
                       "\r\nConnection: close\r\n" + authorization;
    if (which.body != route::takes::nothing)
        text += "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
    else
        text += "\r\n";
    return here.ask_tcp(text);
}

}  // namespace

TEST_CASE("every route serves the roles it names and refuses the others", "[api]") {
    line here{with_tcp};
    tokens made{here.wanted.token_file};

    for (const auto& one : routes()) {
        INFO(one.verb << ' ' << one.pattern);
        for (const auto& [is, token] : made.of) {
            INFO(to_text(is));
            const auto said = ask(here, one, "Authorization: Bearer " + token + "\r\n");
            CHECK((said.status != 403) == one.who.has(is));
            CHECK(said.status != 401);
        }
        CHECK(ask(here, one, "Authorization: Bearer flt_wrong\r\n").status == 401);
    }
}

TEST_CASE("an auditor changes nothing, and an operator reads no transcript", "[api]") {
    for (const auto& one : routes()) {
        INFO(one.verb << ' ' << one.pattern);
        if (one.verb != "GET") CHECK_FALSE(one.who.has(role::auditor));
        if (one.pattern.find("transcript") != std::string_view::npos)
            CHECK_FALSE(one.who.has(role::operator_role));
        CHECK(one.who.anybody == (one.pattern == "/healthz"));
        CHECK(one.who.has(role::engineer));
    }
}

TEST_CASE("on loopback without a token one is an operator", "[api]") {
    line here{with_tcp};

    CHECK(here.get_tcp("/api/v1/status").status == 200);
    CHECK(here.get_tcp("/api/v1/attempts/X/transcript").status == 403);
    CHECK(here.get("/api/v1/attempts/X/transcript").status != 403);  // the Unix socket's peer is our own user
}

TEST_CASE("whoever asks is told as what the station takes them", "[api]") {
    line here{with_tcp};
    tokens made{here.wanted.token_file};

    for (const auto& [is, token] : made.of) {
        const auto me = here.get_tcp("/api/v1/me", "Authorization: Bearer " + token + "\r\n").json();
        CHECK(me["role"] == to_text(is));
        CHECK(me["name"] == to_text(is));  // the tokens have their roles' names
    }
    CHECK(here.get_tcp("/api/v1/me").json()["role"] == "operator");
    CHECK(here.get("/api/v1/me").json()["role"] == "engineer");
    CHECK(here.get("/api/v1/me").json()["name"].get<std::string>().front() != '#');
}

TEST_CASE("a token is good as a browser's password too, and no longer once it is revoked", "[api]") {
    line here{with_tcp};
    tokens made{here.wanted.token_file};
    const std::string basic =
        "Authorization: Basic " + to_base64("anything:" + made.of[role::engineer]) + "\r\n";
    const std::string bearer = "Authorization: bearer " + made.of[role::engineer] + "\r\n";
    CHECK(here.get_tcp("/api/v1/attempts/X/transcript", basic).status != 403);
    CHECK(here.get_tcp("/api/v1/attempts/X/transcript", bearer).status != 403);

    REQUIRE(made.store.revoke("engineer"));

    const auto refused = here.get_tcp("/api/v1/status", bearer);
    CHECK(refused.status == 401);
    CHECK(refused.has("WWW-Authenticate: Bearer realm=\"fleetline\""));
    CHECK(here.get_tcp("/api/v1/status", basic).status == 401);
}

TEST_CASE("tokens are stored hashed, in a file for the service alone", "[api]") {
    api::test::directory home;
    tokens made{home.path() / "tokens"};
    std::ifstream from{home.path() / "tokens"};
    const std::string text{std::istreambuf_iterator<char>{from}, {}};

    for (const auto& [is, token] : made.of) CHECK(text.find(token.substr(4)) == std::string::npos);
    CHECK(made.of[role::engineer].size() == 47);
    CHECK((std::filesystem::status(home.path() / "tokens").permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    CHECK(made.store.list().size() == 3);
    CHECK_FALSE(made.store.revoke("nobody"));
    CHECK_THROWS_AS(made.store.make("engineer", role::auditor, utc_time{}), failure);
    CHECK_THROWS_AS(made.store.make("two words", role::auditor, utc_time{}), failure);
}

TEST_CASE("a token file that is damaged lets nobody in", "[api]") {
    line here{with_tcp};
    tokens made{here.wanted.token_file};
    const std::string bearer = "Authorization: Bearer " + made.of[role::engineer] + "\r\n";
    CHECK(here.get_tcp("/api/v1/status", bearer).status == 200);
    std::ofstream{here.wanted.token_file} << "engineer god 00 now\n";

    CHECK(here.get_tcp("/api/v1/status", bearer).status == 401);
}

TEST_CASE("another site's page cannot act, and a name that is not ours is not answered to", "[api]") {
    line here{with_tcp};
    const std::string host = "localhost:" + std::to_string(here.port());
    const auto act = [&](const std::string& headers, const std::string& named) {
        return here
            .ask_tcp("POST /api/v1/scan HTTP/1.1\r\nHost: " + named + "\r\nConnection: close\r\n" + headers +
                     "Content-Length: 2\r\n\r\n{}")
            .code();
    };
    const std::string json = "Content-Type: application/json\r\n";

    CHECK(act(json, host) == "station-request-invalid");  // let through: the body lacks its serial
    CHECK(act(json + "Origin: http://" + host + "\r\n", host) == "station-request-invalid");
    CHECK(act(json + "Origin: http://evil.example\r\n", host) == "station-request-denied");
    CHECK(act(json + "Origin: null\r\n", host) == "station-request-denied");
    CHECK(act(json + "Sec-Fetch-Site: cross-site\r\n", host) == "station-request-denied");
    CHECK(act("Content-Type: text/plain\r\n", host) == "station-request-media-type");
    CHECK(act("Content-Type: application/x-www-form-urlencoded\r\n", host) == "station-request-media-type");
    CHECK(act("", host) == "station-request-media-type");
    CHECK(act(json, "evil.example") == "station-request-denied");  // DNS rebinding
}

TEST_CASE("no address at which something is done can be used by another site's page or form", "[api]") {
    line here{with_tcp};
    tokens made{here.wanted.token_file};
    const std::string host = "localhost:" + std::to_string(here.port());
    const auto act = [&](const route& one, const std::string& type, const std::string& headers) {
        std::string path{one.pattern};
        for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{'))
            path.replace(at, path.find('}') - at + 1, "X");
        return here
            .ask_tcp(std::string{one.verb} + ' ' + path + " HTTP/1.1\r\nHost: " + host +
                     "\r\nConnection: close\r\nAuthorization: Bearer " + made.of[role::engineer] + "\r\n" +
                     (type.empty() ? "" : "Content-Type: " + type + "\r\n") + headers +
                     "Content-Length: 2\r\n\r\n[]")
            .code();
    };
    const std::string own = "Origin: http://" + host + "\r\nSec-Fetch-Site: same-origin\r\n";

    int done = 0;
    for (const auto& one : routes()) {
        if (one.verb == "GET") continue;
        ++done;
        INFO(one.pattern);
        CHECK(one.body != route::takes::nothing);
        CHECK_FALSE(one.who.anybody);
        CHECK(act(one, "application/json", "Origin: http://evil.example\r\n") == "station-request-denied");
        CHECK(act(one, "application/json", "Origin: null\r\n") == "station-request-denied");
        CHECK(act(one, "application/json", "Sec-Fetch-Site: cross-site\r\n") == "station-request-denied");
        CHECK(act(one, "application/json", "Sec-Fetch-Site: same-site\r\n") == "station-request-denied");
        // What a form can send without being asked about.
        for (const auto* type :
             {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"})
            CHECK(act(one, type, own) == "station-request-media-type");
        const auto let_through = act(one, "application/json", own);
        CHECK(let_through != "station-request-denied");
        CHECK(let_through != "station-request-media-type");
        const bool list = one.pattern == "/api/v1/orders/{order}/serials";
        for (const auto* type : {"text/csv", "application/jsonl", "application/x-ndjson"})
            CHECK((act(one, type, own) != "station-request-media-type") == list);
    }
    CHECK(done == 7);
}

TEST_CASE("TCP beyond loopback is not served without TLS", "[api]") {
    CHECK_THROWS_WITH(line([](settings& wanted) { wanted.listen = "0.0.0.0:0"; }),
                      Catch::Contains("station-configuration"));
    CHECK_THROWS_WITH(line([](settings& wanted) { wanted.listen = "somewhere:80"; }),
                      Catch::Contains("station-api-listen"));
}

TEST_CASE("an address that the machine does not have yet is listened at", "[api]") {
    const auto here = listen_on_tcp("127.0.0.1:0");
    CHECK(here.address_is_here);
    const auto later = listen_on_tcp("192.0.2.7:0");  // kept for documentation: nobody has it
    CHECK_FALSE(later.address_is_here);
    CHECK_FALSE(later.loopback);
    CHECK(later.port != 0);
    // A port that somebody has is refused as ever.
    CHECK_THROWS_WITH(listen_on_tcp("127.0.0.1:" + std::to_string(here.port)),
                      Catch::Contains("station-api-listen"));
}

TEST_CASE("the page's files are served, and nothing beside them", "[api]") {
    api::test::directory home;
    std::filesystem::create_directories(home.path() / "www/assets");
    std::ofstream{home.path() / "www/index.html"} << "<!doctype html>";
    std::ofstream{home.path() / "www/assets/page.js"} << "let a;";
    std::ofstream{home.path() / "www/assets/page.js.gz"} << "compressed";
    std::ofstream{home.path() / "www/.hidden"} << "hidden";
    std::ofstream{home.path() / "secret"} << "secret";
    std::filesystem::create_symlink(home.path() / "secret", home.path() / "www/link");
    line here{[&](settings& wanted) { wanted.page_directory = home.path() / "www"; }};

    const auto page = here.get("/");
    CHECK(page.body == "<!doctype html>");
    CHECK(page.has("Content-Type: text/html; charset=utf-8\r\n"));
    CHECK(page.has("script-src 'self'"));
    CHECK(here.get("/assets/page.js").body == "let a;");
    const auto compressed = here.get("/assets/page.js", "Accept-Encoding: gzip, br\r\n");
    CHECK(compressed.body == "compressed");
    CHECK(compressed.has("Content-Encoding: gzip\r\n"));
    const auto tag = page.head.substr(page.head.find("ETag: ") + 6, 34);
    CHECK(here.get("/", "If-None-Match: " + tag + "\r\n").status == 304);
    for (const auto* path :
         {"/../secret", "/%2e%2e/secret", "/assets/../../secret", "/..%2fsecret", "//secret", "/link",
          "/.hidden", "/assets", "/assets/", "/index.html/..", "/page.js.gz"})
        CHECK(here.get(path).status == 404);
}
