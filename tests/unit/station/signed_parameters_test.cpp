// SPDX-License-Identifier: Apache-2.0
#include "station/signed_parameters.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "core/encoding.hpp"
#include "ledger/station_key.hpp"
#include "line.hpp"
#include "support/shell.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

const std::vector<std::string> names{"StationId", "StationOrder", "StationSignature", "StationTime"};

void write(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

std::string read(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// As anybody with the openssl program would check it.
bool openssl_says_yes(const std::filesystem::path& folder, const std::string& certificate_file,
                      const std::string& text, const std::string& signature) {
    write(folder / "text", text);
    write(folder / "signature", signature);
    const std::string command = "cd '" + folder.string() + "' && openssl x509 -in '" + certificate_file +
                                "' -noout -pubkey > public.pem && openssl dgst -sha256 -verify public.pem "
                                "-signature signature text > /dev/null 2>&1";
    return shell(command).status == 0;
}

/// A station whose product is station_signed.
struct signing_line {
    temporary_directory directory;
    ledger::station_key key{directory.path, "test-station", utc_time{milliseconds{1'795'521'600'000}}};
    line here{directory.path / "ledger.db", [this](station::station_settings& wanted) {
                  wanted.products[0].station_signed = true;
                  wanted.sign = [this](std::string text) -> boost::asio::awaitable<std::string> {
                      signed_texts.push_back(text);
                      co_return key.sign(text);
                  };
              }};
    std::vector<std::string> signed_texts;
};

}  // namespace

TEST_CASE("the text a station signs is what the hook rebuilds", "[station]") {
    station::registration_statement what;
    what.certificate = certificate_id{"ab"};
    what.serial = serial_number{"SN1"};
    what.order = order_name{"WO"};
    what.station = "line-3";
    what.when = utc_time{milliseconds{1'795'521'600'000}};
    // tests/integration/aws_hook_test.py holds the hook to the same text.
    CHECK(station::text_of(what) ==
          "fleetline registration 1\ncertificate: ab\nserial: SN1\norder: WO\nstation: line-3\n"
          "time: 2026-11-24T12:00:00.000Z\n");
}

TEST_CASE("a station_signed product registers with parameters that plain OpenSSL verifies", "[station]") {
    signing_line one;
    const auto result = one.here.attempt(new_board("SN1"));
    REQUIRE(result.failure_reason.empty());
    REQUIRE(result.state == station::slot_state::passed);

    const auto& sent = one.here.cloud.certificates.at(result.certificate.text()).parameters;
    CHECK(sent.at("SerialNumber") == "SN1");
    CHECK(sent.at("StationId") == "test-station");
    CHECK(sent.at("StationOrder").empty());
    const auto when = parse_rfc3339(sent.at("StationTime"));
    REQUIRE(when.has_value());
    CHECK(to_rfc3339(*when) == sent.at("StationTime"));

    const auto signature = from_base64(sent.at("StationSignature"));
    REQUIRE(signature.has_value());
    CHECK(signature->size() == 384);
    const auto text = [&](const std::string& certificate, const std::string& serial) {
        return station::text_of(
            {certificate_id{certificate}, serial_number{serial}, order_name{}, "test-station", *when});
    };
    const auto folder = one.directory.path;
    const std::string file = one.key.certificate_file();
    CHECK(openssl_says_yes(folder, file, text(result.certificate.text(), "SN1"), *signature));
    CHECK_FALSE(openssl_says_yes(folder, file, text(std::string(64, 'a'), "SN1"), *signature));
    CHECK_FALSE(openssl_says_yes(folder, file, text(result.certificate.text(), "SN2"), *signature));
}

TEST_CASE("the order of the moment is signed with the rest", "[station]") {
    signing_line one;
    ledger::order_opened order;
    order.order = order_name{"WO-17"};
    order.product = product_name{"widget"};
    one.here.book.append_later(std::move(order));
    const auto result = one.here.attempt(new_board("SN1"));
    REQUIRE(result.state == station::slot_state::passed);
    CHECK(one.here.cloud.certificates.at(result.certificate.text()).parameters.at("StationOrder") == "WO-17");
    REQUIRE(one.signed_texts.size() == 1);
    CHECK(one.signed_texts[0].find("\norder: WO-17\n") != std::string::npos);
}

TEST_CASE("neither token nor private key is signed, sent as a parameter, or recorded", "[station]") {
    signing_line one;
    const auto result = one.here.attempt(new_board("SN1"));
    REQUIRE(result.state == station::slot_state::passed);
    one.here.stop();
    const auto entry = one.here.cloud.certificates.at(result.certificate.text());
    std::string all = read(one.directory.path / "ledger.db") + read(one.directory.path / "ledger.db-wal");
    const std::string key = read(one.key.key_file());
    const std::string key_line = key.substr(key.find('\n') + 1, 60);
    CHECK(all.find(key_line) == std::string::npos);
    REQUIRE(all.find(entry.parameters.at("StationSignature")) !=
            std::string::npos);  // what was sent is recorded
    for (const auto& text : one.signed_texts) all += text;
    for (const auto& [name, value] : entry.parameters) {
        CHECK(value.find(entry.token) == std::string::npos);
        CHECK(value.find("PRIVATE") == std::string::npos);
    }
    for (const auto& text : one.signed_texts) CHECK(text.find(entry.token) == std::string::npos);
}

TEST_CASE("a request that is asked again after a lost session is signed anew", "[station]") {
    signing_line one;
    one.here.cloud.fails["register"].push_back({"cloud-connection-lost", false});
    CHECK(one.here.attempt(new_board("SN1")).state == station::slot_state::passed);
    CHECK(one.signed_texts.size() == 2);
}

TEST_CASE("a product that is not station_signed sends its own parameters alone", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    const auto result = one.attempt(new_board("SN1"));
    const auto& sent = one.cloud.certificates.at(result.certificate.text()).parameters;
    CHECK(sent == std::map<std::string, std::string>{{"SerialNumber", "SN1"}});
    for (const auto& name : names) CHECK(sent.count(name) == 0);
}

TEST_CASE("a key that does not sign fails the board, and says so", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", [](station::station_settings& wanted) {
        wanted.products[0].station_signed = true;
        wanted.sign = [](std::string) -> boost::asio::awaitable<std::string> {
            throw failure("station-configuration", "Signing", "the request", "no key");
            co_return std::string{};
        };
    });
    const auto result = one.attempt(new_board("SN1"));
    CHECK(result.failure_code == "station-configuration");
    CHECK(one.cloud.register_calls == 0);
}
