// SPDX-License-Identifier: Apache-2.0
#include "ledger_fixture.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <cstdlib>
#include <stdexcept>

#include "core/digest.hpp"

namespace fleetline::test {

using ledger::stage;

temporary_directory::temporary_directory() {
    std::string name = (std::filesystem::temp_directory_path() / "fleetline-ledger-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void ledger_fixture::sql(const std::string& text) const {
    SQLite::Database(how.file.string(), SQLite::OPEN_READWRITE, 5000).exec(text);
}

std::string ledger_fixture::query(const std::string& text) const {
    SQLite::Database database(how.file.string(), SQLite::OPEN_READONLY, 5000);
    SQLite::Statement row(database, text);
    std::string found;
    while (row.executeStep()) {
        if (!found.empty()) found += ' ';
        for (int i = 0; i < row.getColumnCount(); ++i)
            found += (i == 0 ? "" : "|") + row.getColumn(i).getString();
    }
    return found;
}

board_story::board_story(ledger_fixture& line, std::string attempt, std::string serial)
    : certificate(sha256_hex(attempt)),
      line_(line),
      attempt_(std::move(attempt)),
      serial_(std::move(serial)) {}

board_story& board_story::append(ledger::event what) {
    line_.append(std::move(what));
    return *this;
}

board_story& board_story::start() {
    return append(ledger::attempt_started{attempt_, slot_name("A1"), "pci-0000:00:14.0-usb-0:1",
                                          product_name("meter")});
}

board_story& board_story::identify() {
    return append(ledger::identified{attempt_, serial_, "device", "freertos-cli", "1.4.2"});
}

board_story& board_story::admit(bool rework) {
    return append(ledger::admitted{attempt_, serial_, order_name("WO-1"), "kim", "line-template", rework});
}

board_story& board_story::resume(const std::string& from, const std::string& action) {
    certificate = sha256_hex(from);
    return append(ledger::resumed{attempt_, attempt_id(from), "registered", action});
}

board_story& board_story::make_csr() {
    return append(ledger::csr_made{attempt_, sha256_hex("csr" + attempt_.text()),
                                   sha256_hex("key" + attempt_.text()), "device"});
}

board_story& board_story::request_issue() {
    return append(ledger::issue_requested{attempt_, sha256_hex("key" + attempt_.text())});
}

board_story& board_story::issue() {
    ledger::issued what;
    what.attempt = attempt_;
    what.certificate = certificate_id(certificate);
    what.certificate_pem =
        "-----BEGIN CERTIFICATE-----\n" + attempt_.text() + "\n-----END CERTIFICATE-----\n";
    what.public_key_sha256 = sha256_hex("key" + attempt_.text());
    what.not_after = *parse_rfc3339("2049-12-31T23:59:59Z");
    what.ownership_token = secret("token-of-" + attempt_.text());
    what.token_expires = line_.clock.utc + std::chrono::hours{1};
    return append(std::move(what));
}

board_story& board_story::request_registration() {
    ledger::registration_requested what;
    what.attempt = attempt_;
    what.certificate = certificate_id(certificate);
    what.template_name = "line-template";
    what.parameters = {{"SerialNumber", serial_.text()}};
    return append(std::move(what));
}

board_story& board_story::register_thing() {
    ledger::registered what;
    what.attempt = attempt_;
    what.certificate = certificate_id(certificate);
    what.thing = thing_name("thing-" + serial_.text());
    what.device_configuration = {{"endpoint", "example.iot"}, {"note", "a \"quoted\"\nline"}};
    return append(std::move(what));
}

board_story& board_story::start_delivery() {
    return append(ledger::delivery_started{attempt_, certificate_id(certificate)});
}

board_story& board_story::deliver() {
    return append(ledger::delivered{attempt_, certificate_id(certificate)});
}

board_story& board_story::prove() {
    return append(ledger::proved{attempt_, certificate_id(certificate), "readback"});
}

board_story& board_story::finish(const std::string& outcome, const std::string& code) {
    ledger::attempt_finished what;
    what.attempt = attempt_;
    what.outcome = outcome;
    what.failure_code = code;
    what.duration_ms = 1234;
    what.step_ms = {{"identify", 100}, {"issue", 40}};
    return append(std::move(what));
}

board_story& board_story::up_to(stage last) {
    return start().go_on_to(last);
}

board_story& board_story::go_on_to(stage last) {
    if (last >= stage::identified) identify().admit();
    if (last >= stage::csr_made) make_csr();
    if (last >= stage::issue_requested) request_issue();
    if (last >= stage::issued) issue();
    if (last >= stage::registration_requested) request_registration();
    if (last >= stage::registered) register_thing();
    if (last >= stage::delivery_started) start_delivery();
    if (last >= stage::delivered) deliver();
    if (last >= stage::proved) prove();
    if (last >= stage::passed) finish("passed");
    return *this;
}

board_story& board_story::pass() {
    return up_to(stage::passed);
}

}  // namespace fleetline::test
