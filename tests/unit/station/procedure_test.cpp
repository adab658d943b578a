// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "core/digest.hpp"
#include "line.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

std::map<std::string, ledger::certificate_row> certificates(const std::filesystem::path& file) {
    std::map<std::string, ledger::certificate_row> rows;
    ledger::reader(file).certificates({}, [&rows](const auto& row) {
        rows[row.certificate_id] = row;
        return true;
    });
    return rows;
}

}  // namespace

TEST_CASE("a board passes, holds what the cloud registered, and the ledger tells so", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    const auto flash = new_board("SN1");
    std::string certificate;
    {
        line one(file);
        const auto result = one.attempt(flash);
        CHECK(result.state == station::slot_state::passed);
        CHECK(result.thing == thing_name{"thing-SN1"});
        certificate = result.certificate.text();
        CHECK(one.cloud.certificates.at(certificate).thing == "thing-SN1");
    }
    CHECK(sha256_hex(flash->certificate_der) == certificate);
    CHECK(flash->resets == 1);
    ledger::reader book(file);
    const auto device = book.device("SN1");
    REQUIRE(device.has_value());
    CHECK(device->certificate_id == certificate);
    CHECK(device->outcome == "passed");
    CHECK(book.verify().problems.empty());
}

TEST_CASE("a board that can make no key gets the cloud's, which no file of the station ever holds",
          "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    const auto flash = new_board("SN1");
    flash->makes_keys = false;
    {
        line one(file);
        one.cloud.fails["issue"] = {{"cloud-connection-lost", true}};
        CHECK(one.attempt(flash).state == station::slot_state::passed);
        CHECK(one.cloud.issue_calls == 2);
    }
    const auto held = x509::parse_certificate_der(flash->certificate_der).value();
    CHECK(x509::key_matches(flash->private_key, held).value());
    ledger::reader book(file);
    int told = 0;
    book.attempts({}, [&](const ledger::attempt_row& row) {
        CHECK(row.key_origin == "cloud");
        CHECK(row.public_key_sha256 == sha256_hex(held.public_key));
        return ++told < 10;
    });
    CHECK(told == 1);
    CHECK(book.verify().problems.empty());

    const std::string key(flash->private_key.reveal());
    const auto part = key.substr(key.find('\n') + 1, 40);
    for (const auto& held_file : std::filesystem::directory_iterator(directory.path)) {
        std::ifstream from(held_file.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(from), {});
        CHECK(bytes.find(part) == std::string::npos);
    }
}

TEST_CASE("a board that passed is refused without a cloud call, and told when and where", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    const auto flash = new_board("SN1");
    REQUIRE(one.attempt(flash).state == station::slot_state::passed);

    const auto again = one.attempt(flash, "A2");

    CHECK(again.state == station::slot_state::refused);
    CHECK(again.failure_code == "already-provisioned");
    CHECK(again.failure_reason.find("in slot A1") != std::string::npos);
    CHECK(one.cloud.issue_calls == 1);
    CHECK(flash->keys_made == 1);
}

TEST_CASE("an authorised rework replaces the certificate, and the old one is to be revoked", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    const auto flash = new_board("SN1");
    const auto first = one.attempt(flash);
    one.book.append_later(ledger::rework_authorised{serial_number{"SN1"}, "new antenna", "engineer"});

    const auto second = one.attempt(flash);

    CHECK(second.state == station::slot_state::passed);
    CHECK(second.certificate != first.certificate);
    CHECK(one.attempt(flash).failure_code == "already-provisioned");  // used up
    one.stop();
    CHECK(certificates(file).at(first.certificate.text()).state == "superseded");
    CHECK(certificates(file).at(first.certificate.text()).replaced_by == second.certificate.text());
}

TEST_CASE("a new certificate's registration waits until no answer about the old one can come", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    const auto flash = new_board("SN1");
    one.cloud.others_until = one.time.now() + std::chrono::hours{1};
    const auto first = one.attempt(flash);  // the first of all waits for nothing
    REQUIRE(first.state == station::slot_state::passed);
    one.book.append_later(ledger::rework_authorised{serial_number{"SN1"}, "new antenna", "engineer"});
    one.here.plugged(slot_name{"A1"}, plug_of(flash));
    one.until([&] { return one.slot().state == station::slot_state::waiting_for_cloud; });
    CHECK(one.slot().at == station::step::register_thing);
    CHECK(one.cloud.register_calls == 1);
    const auto waiting = one.slot().attempt;

    SECTION("and is sent then") {
        one.here.unplugged(slot_name{"A1"});
        one.until([&] { return one.slot().duration.has_value(); });
        one.cloud.others_until = one.time.now() + milliseconds{50};
        CHECK(one.attempt(flash).state == station::slot_state::passed);
        CHECK(one.cloud.register_calls == 2);
    }
    SECTION("the board may leave") {
        one.here.unplugged(slot_name{"A1"});
        one.until([&] { return one.slot().duration.has_value(); });
        CHECK(one.slot().failure_code == "port-gone");
        CHECK(one.cloud.register_calls == 1);
    }
    SECTION("the station may be stopped") {
        one.stop();
        CHECK(one.slot().failure_code == "station-stopping");
        CHECK(one.cloud.register_calls == 1);
    }
    one.stop();
    // Nothing was asked for that was not sent.
    const auto events = ledger::reader(file).events_of(waiting.text());
    CHECK(events.size() > 1);
    CHECK(std::none_of(events.begin(), events.end(),
                       [](const auto& event) { return event.kind == "registration-requested"; }));
    for (const auto& [id, made] : certificates(file)) CHECK(made.state != "orphaned");
}

TEST_CASE("a serial that does not look right is refused before cloud or key are touched", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    const std::string serial = GENERATE("", "XX1", "SN1; DROP TABLE", "SN\xff", "SN1 ");
    const auto flash = new_board(serial);

    const auto result = one.attempt(flash);

    CHECK(result.state == station::slot_state::refused);
    CHECK(result.failure_code == (serial.empty() ? "order-serial-missing" : "order-serial-invalid"));
    CHECK(one.cloud.issue_calls == 0);
    CHECK(flash->keys_made == 0);
}

TEST_CASE("a board that fails at any step passes when it is tried again", "[station]") {
    const std::string step = GENERATE("identify", "make_csr", "deliver", "prove", "finish");
    const std::string code = GENERATE("device-no-answer", "port-gone");
    CAPTURE(step, code);
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    const auto flash = new_board("SN1");
    flash->fails[step] = code;

    const auto failed = one.attempt(flash);
    const auto passed = one.attempt(flash);

    CHECK(failed.state == station::slot_state::failed);
    CHECK(failed.failure_code == code);
    CHECK_FALSE(failed.next_action.empty());
    CHECK(passed.state == station::slot_state::passed);
    // What was registered is delivered; nothing is asked of the cloud twice.
    CHECK(one.cloud.issue_calls == 1);
    CHECK(one.cloud.register_calls == 1);
    one.stop();
    CHECK(ledger::reader(file).verify().problems.empty());
}

TEST_CASE("a lost session is waited for, and the board passes in the same attempt", "[station]") {
    const std::string call = GENERATE("issue", "register");
    const bool carried_out = GENERATE(false, true);
    CAPTURE(call, carried_out);
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    one.cloud.fails[call].push_back({"cloud-connection-lost", carried_out});

    const auto result = one.attempt(new_board("SN1"));

    CHECK(result.state == station::slot_state::passed);
    one.stop();
    CHECK(ledger::reader(file).verify().problems.empty());
}

TEST_CASE("no answer fails the attempt, and the next one goes on", "[station]") {
    const std::string call = GENERATE("issue", "register");
    const bool carried_out = GENERATE(false, true);
    CAPTURE(call, carried_out);
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.cloud.fails[call].push_back({"cloud-no-answer", carried_out});
    const auto flash = new_board("SN1");

    const auto first = one.attempt(flash);
    const auto second = one.attempt(flash);

    CHECK(first.failure_code == "cloud-no-answer");
    CHECK(second.state == station::slot_state::passed);
    CHECK(one.cloud.issue_calls == (call == "issue" ? 2 : 1));  // the same token registers again
}

TEST_CASE("a token refused at its first use was perhaps used by the session's own second try: to be revoked",
          "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    one.cloud.fails["register"] = {{"cloud-token-refused", true}};

    const auto result = one.attempt(new_board("SN1"));

    CHECK(result.state == station::slot_state::passed);
    one.stop();
    const auto all = certificates(file);
    REQUIRE(all.size() == 2);
    for (const auto& [id, row] : all)
        CHECK(row.state == (id == result.certificate.text() ? "current" : "orphaned"));
    CHECK(ledger::reader(file).verify().problems.empty());
}

TEST_CASE("a refused token leads to a new certificate, and the old one is listed", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    line one(file);
    one.cloud.fails["register"] = {{"cloud-no-answer", true}, {"cloud-token-refused", false}};
    const auto flash = new_board("SN1");

    const auto first = one.attempt(flash);
    const auto second = one.attempt(flash);

    CHECK(second.state == station::slot_state::passed);
    CHECK(second.certificate != first.certificate);
    one.stop();
    CHECK(certificates(file).at(first.certificate.text()).state == "orphaned");
}

TEST_CASE("what the cloud refuses is final for this attempt, in the cloud's words", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.cloud.fails["register"].push_back({"cloud-denied", false});

    const auto result = one.attempt(new_board("SN1"));

    CHECK(result.state == station::slot_state::failed);
    CHECK(result.failure_code == "cloud-denied");
    CHECK(result.failure_reason.find("as the test wished") != std::string::npos);
    CHECK(one.cloud.register_calls == 1);
}

TEST_CASE("with the cloud away a board waits, says so, and passes when it is back", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.cloud.up.reset();
    const auto flash = new_board("SN1");
    one.here.plugged(slot_name{"A1"}, plug_of(flash));
    one.until([&] { return one.slot().state == station::slot_state::waiting_for_cloud; });
    CHECK(one.cloud.issue_calls == 0);

    one.cloud.up.set();
    one.until([&] { return one.slot().duration.has_value(); });

    CHECK(one.slot().state == station::slot_state::passed);
}

TEST_CASE("a board whose request is under way when the cloud goes says that it waits", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.cloud.answers.reset();
    one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN1")));
    one.until([&] { return one.cloud.issue_calls == 1; });
    REQUIRE(one.slot().state == station::slot_state::working);

    one.cloud.up.reset();
    one.here.status_changed(one.cloud.status());
    CHECK(one.slot().state == station::slot_state::waiting_for_cloud);

    one.cloud.up.set();
    one.here.status_changed(one.cloud.status());
    CHECK(one.slot().state == station::slot_state::working);

    one.cloud.answers.set();
    one.until([&] { return one.slot().duration.has_value(); });
    CHECK(one.slot().state == station::slot_state::passed);
    one.here.status_changed({});
    CHECK(one.slot().state == station::slot_state::passed);
}

TEST_CASE("patience ends the waiting with the reason why the cloud is away", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db",
             [](auto& wanted) { wanted.products[0].patience = milliseconds{20}; });
    one.cloud.up.reset();

    const auto result = one.attempt(new_board("SN1"));

    CHECK(result.failure_code == "cloud-unreachable");
    CHECK(result.failure_reason.find("the test took it away") != std::string::npos);
}

TEST_CASE("a request to the cloud that failed is told of in the attempt's end, with its times", "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    std::string attempt;
    {
        line one(file);
        one.cloud.request_ms = {{"sent-1", 3}, {"sent", 1'200}, {"answered", 1'250}};
        one.cloud.fails["issue"] = {{"cloud-denied", false}};
        attempt = one.attempt(new_board("SN1")).attempt.text();
    }
    const auto events = ledger::reader(file).events_of(attempt);
    REQUIRE_FALSE(events.empty());
    CHECK(events.back().kind == "attempt-finished");
    CHECK(events.back().payload_json.find(R"("request_ms":{"answered":1250,"sent":1200,"sent-1":3})") !=
          std::string::npos);
}

TEST_CASE("a registration answer that came too late is in the attempt's record, and credited to nobody",
          "[station]") {
    temporary_directory directory;
    const auto file = directory.path / "ledger.db";
    station::slot_status failed, passed;
    {
        line one(file);
        one.cloud.fails["register"] = {{"cloud-no-answer", false}};
        const auto flash = new_board("SN1");
        failed = one.attempt(flash);
        one.here.registration_unaccounted("thing-of-SN1", failed.attempt, "it came too late");
        one.here.registration_unaccounted("thing-of-nobody", attempt_id{}, "nobody asked for it");
        passed = one.attempt(flash);
    }

    CHECK(failed.failure_code == "cloud-no-answer");
    CHECK(passed.failure_code.empty());
    const ledger::reader reader(file);
    const auto events = reader.events_of(failed.attempt.text());
    REQUIRE(events.size() > 1);
    CHECK(events[events.size() - 2].kind == "attempt-finished");
    CHECK(events.back().kind == "registration-unaccounted");
    CHECK(events.back().payload_json == R"({"thing":"thing-of-SN1","why":"it came too late"})");
    ledger::filter only;
    only.attempt = failed.attempt.text();
    std::vector<std::string> things;
    reader.attempts(only, [&](const auto& row) {
        things.push_back(row.thing_name);
        return true;
    });
    CHECK(things == std::vector<std::string>{""});
    CHECK(reader.verify().problems.empty());
}

TEST_CASE("the cloud is asked with the product's patience", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db",
             [](auto& wanted) { wanted.products[0].patience = milliseconds{7'654}; });

    CHECK(one.attempt(new_board("SN1")).failure_code.empty());

    CHECK(one.cloud.patience == std::vector(2, milliseconds{7'654}));
}

TEST_CASE("a board that leaves while it waits for the cloud ends its attempt", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    one.cloud.up.reset();
    one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN1")));
    one.until([&] { return one.slot().state == station::slot_state::waiting_for_cloud; });

    one.here.unplugged(slot_name{"A1"});
    one.until([&] { return one.slot().duration.has_value(); });

    CHECK(one.slot().failure_code == "port-gone");
}
