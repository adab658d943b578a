// SPDX-License-Identifier: Apache-2.0
#include "dialect/freertos_cli.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/encoding.hpp"
#include "core/failure.hpp"
#include "x509/x509.hpp"

namespace fleetline::dialect {

namespace {

constexpr milliseconds crypto_time{20'000};  // a P-256 key or signature on a 160 MHz part, and its flash
constexpr milliseconds flash_time{10'000};
constexpr std::size_t longest_line = 127;
constexpr std::size_t longest_name = 64;               // of a CN, X.520
constexpr std::size_t longest_certificate = 2048;      // DER; the firmware's buffer
constexpr std::string_view ca_label = "root_ca_cert";  // one of the few this firmware knows; others crash it

bool is_name_character(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' ||
           c == '_' || c == '-';
}

/// This firmware cuts values at a space, makes no CSR for "A,B=C" and a CSR without a name for an empty one,
/// each without a word: such names must not reach it.
void require_name(std::string_view doing, const std::string& name) {
    if (!name.empty() && name.size() <= longest_name &&
        std::all_of(name.begin(), name.end(), is_name_character))
        return;
    throw failure("device-name-unfit", std::string(doing), "name \"" + printable(name, longest_name) + "\"",
                  "this firmware takes 1 to 64 of A-Z, a-z, 0-9, ':', '_' and '-'");
}

void require_value(std::string_view doing, std::string_view key, const std::string& value) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    const auto room = longest_line - std::string_view("conf set  ").size() - key.size();
    if (!value.empty() && plain && value.size() <= room && value.find('<') == std::string::npos) return;
    throw failure(
        "device-name-unfit", std::string(doing), std::string(key),
        "this firmware takes 1 to " + std::to_string(room) + " printable ASCII characters without spaces");
}

std::string first_line(const freertos_answer& answer) {
    return answer.empty() ? "nothing" : "\"" + printable(answer.front(), 120) + "\"";
}

/// A check that the answer is exactly this line.
std::function<void(const freertos_answer&)> must_be(std::string line, const char* code, const char* doing) {
    return [line = std::move(line), code, doing](const freertos_answer& answer) {
        if (answer.size() == 1 && answer.front() == line) return;
        throw failure(
            code, doing, "the board",
            "it answered " + first_line(answer) + " where \"" + printable(line, 120) + "\" was due");
    };
}

freertos_question set_value(std::string_view key, std::string_view value, bool is_number, const char* doing) {
    freertos_question question;
    question.line = "conf set " + std::string(key) + " " + std::string(value);
    const std::string quote = is_number ? "" : "\"";
    question.check =
        must_be(std::string(key) + "=" + quote + std::string(value) + quote, "device-write-failed", doing);
    return question;
}

/// The PEM block in an answer; empty if there is none. "BEGIN" directly followed by "END" is how this
/// firmware says that it has no such thing.
std::string pem_in(const freertos_answer& answer, std::string_view label) {
    const std::string begin = "-----BEGIN " + std::string(label) + "-----";
    const std::string end = "-----END " + std::string(label) + "-----";
    const auto first = std::find(answer.begin(), answer.end(), begin);
    const auto last = std::find(first, answer.end(), end);
    if (last == answer.end() || last - first < 2) return {};
    std::string pem;
    for (auto line = first; line <= last; ++line) pem += *line + "\n";
    return pem;
}

/// The lines that import one certificate. The body is written anew from the DER: 64 characters a line,
/// nothing before or behind, as this firmware wants it.
void append_import(std::vector<freertos_question>& questions, const std::string& command,
                   std::string_view der, const char* doing) {
    const std::string pem = x509::to_pem("CERTIFICATE", der);
    const auto silent = [doing](const freertos_answer& answer) {
        if (!answer.empty())
            throw failure("device-write-failed", doing, "the board", "it answered " + first_line(answer));
    };
    freertos_question question;
    question.check = silent;
    question.line = command;
    questions.push_back(question);
    for (std::size_t at = 0; at < pem.size();) {
        const auto end = std::min(pem.find('\n', at), pem.size());
        question.line = pem.substr(at, end - at);
        at = end + 1;
        if (!question.line.empty()) questions.push_back(question);
    }
    questions.back().patience = flash_time;
    questions.back().check = [doing](const freertos_answer& answer) {
        // A certificate that it cannot use is answered with nothing at all.
        if (answer.size() == 1 && answer.front().starts_with("Success: Certificate loaded to label:")) return;
        throw failure("device-write-failed", doing, "the board",
                      "it answered " + first_line(answer) + " to the certificate's last line");
    };
}

/// The DER of the one certificate in the text. The firmware keeps one a label: which of two would it be?
std::string require_certificate(const char* doing, const std::string& pem) {
    constexpr std::string_view begin = "-----BEGIN CERTIFICATE-----";
    const auto parsed = x509::parse_certificate(pem);
    if (!parsed) throw failure("station-internal", doing, "the certificate to write", parsed.why_not());
    if (pem.find(begin) != pem.rfind(begin))
        throw failure("station-configuration", doing, "the certificate to write", "there is more than one");
    if (parsed->der.size() > longest_certificate)
        throw failure("station-configuration", doing, "the certificate to write",
                      std::to_string(parsed->der.size()) + " bytes; this firmware takes " +
                          std::to_string(longest_certificate));
    return parsed->der;
}

[[noreturn]] void not_proved(std::string reason) {
    throw failure("device-proof-failed", "Reading back what was written", "the board", std::move(reason));
}

/// A certificate that was read back must be the one that was written.
void compare_certificate(const freertos_answer& answer, std::string_view der, const char* which) {
    const std::string pem = pem_in(answer, "CERTIFICATE");
    if (pem.empty()) not_proved("it holds no " + std::string(which));
    const auto held = x509::parse_certificate(pem);
    if (!held) not_proved("its " + std::string(which) + " cannot be read: " + held.why_not());
    if (held->der != der) not_proved("its " + std::string(which) + " is another one, " + held->sha256);
}

freertos_question question_for(std::string line, milliseconds patience = milliseconds{3'000}) {
    freertos_question question;
    question.line = std::move(line);
    question.patience = patience;
    return question;
}

freertos_question get_value(std::string_view key, std::string expected) {
    freertos_question question = question_for("conf get " + std::string(key));
    question.check = must_be(std::string(key) + "=" + std::move(expected), "device-proof-failed",
                             "Reading back what was written");
    return question;
}

constexpr const char* making = "Making the board's key and request";

}  // namespace

freertos_cli::freertos_cli(std::unique_ptr<serial::console> console, const freertos_limits& limits)
    : session_(std::move(console), limits) {}

boost::asio::awaitable<station::board_identity> freertos_cli::identify() {
    co_await session_.wake_up();
    station::board_identity identity;
    identity.dialect = "freertos-cli";
    co_return identity;
}

boost::asio::awaitable<freertos_answer> freertos_cli::make_key(std::string common_name) {
    // The CSR takes its name from the configuration, so that comes first.
    std::vector<freertos_question> questions;
    questions.push_back(set_value("thing_name", common_name, false, making));
    questions.push_back(question_for("pki generate key", crypto_time));
    auto answers = co_await session_.ask(making, std::move(questions));
    co_return std::move(answers[1]);
}

boost::asio::awaitable<station::signing_request> freertos_cli::make_csr(std::string common_name) {
    require_name(making, common_name);
    freertos_answer made;
    bool too_early = false;
    try {
        made = co_await make_key(common_name);
    } catch (const failure& crash) {
        // Fresh from its boot this firmware crashes when its settings are not read yet, and nothing tells
        // when they are. Once it is up again it is given its time.
        too_early = crash.code() == "device-restarted" && session_.just_booted();
        if (!too_early) throw;
    }
    if (too_early) {
        co_await session_.wake_up();
        made = co_await make_key(common_name);
    }
    const auto key = x509::parse_public_key(pem_in(made, "PUBLIC KEY"));
    if (!key)
        throw failure("device-key-failed", making, "the board",
                      "it answered " + first_line(made) + ": " + key.why_not());
    co_return co_await request_for(std::move(common_name), *key);
}

boost::asio::awaitable<station::signing_request> freertos_cli::request_for(std::string common_name,
                                                                           std::string key) {
    std::vector<freertos_question> request;
    request.push_back(question_for("pki generate csr", crypto_time));
    const auto written = co_await session_.ask(making, std::move(request));
    const std::string pem = pem_in(written[0], "CERTIFICATE REQUEST");
    if (pem.empty())
        throw failure("device-csr-invalid", making, "the board", "it answered " + first_line(written[0]));
    auto csr = x509::parse_csr(pem);
    if (!csr) throw failure("device-csr-invalid", making, "the request", csr.why_not());
    if (csr->common_name != common_name)
        throw failure("device-csr-invalid", making, "the request",
                      "it is for \"" + printable(csr->common_name) + "\", not for \"" + common_name + "\"");
    if (csr->public_key != key)
        throw failure("device-csr-invalid", making, "the request", "its key is not the one just made");
    station::signing_request answer;
    answer.pem = std::move(csr->pem);
    answer.der = std::move(csr->der);
    answer.public_key = std::move(csr->public_key);
    answer.subject = std::move(csr->subject);
    co_return answer;
}

boost::asio::awaitable<std::optional<std::string>> freertos_cli::public_key() {
    static constexpr const char* doing = "Reading the board's public key";
    std::vector<freertos_question> questions;
    questions.push_back(question_for("pki export key"));
    const auto answers = co_await session_.ask(doing, std::move(questions));
    const std::string pem = pem_in(answers[0], "PUBLIC KEY");
    if (pem.empty()) co_return std::nullopt;
    auto key = x509::parse_public_key(pem);
    if (!key) throw failure("device-answer-invalid", doing, "the board", key.why_not());
    co_return std::move(key.value());
}

boost::asio::awaitable<void> freertos_cli::deliver(const station::credential& what) {
    static constexpr const char* doing = "Writing the credential";
    require_name(doing, what.thing.text());
    require_value(doing, "mqtt_endpoint", what.endpoint);
    const std::string certificate = require_certificate(doing, what.certificate_pem);
    const std::string ca = what.ca_pem.empty() ? std::string() : require_certificate(doing, what.ca_pem);

    // Staged in memory only, so all of it is checked before `conf commit` makes it last.
    std::vector<freertos_question> settings;
    settings.push_back(set_value("thing_name", what.thing.text(), false, doing));
    settings.push_back(set_value("mqtt_endpoint", what.endpoint, false, doing));
    settings.push_back(set_value("mqtt_port", std::to_string(what.port), true, doing));
    co_await session_.ask(doing, std::move(settings));
    co_await configure_wifi(what);

    std::vector<freertos_question> writes;
    writes.push_back(question_for("conf commit", flash_time));
    writes.back().check = must_be("Configuration saved to NVM.", "device-write-failed", doing);
    append_import(writes, "pki import cert", certificate, doing);
    if (!ca.empty()) append_import(writes, "pki import cert " + std::string(ca_label), ca, doing);
    co_await session_.ask(doing, std::move(writes));
}

/// What the template may have returned for this board's network. The passphrase stays out of the transcript.
boost::asio::awaitable<void> freertos_cli::configure_wifi(const station::credential& what) {
    static constexpr const char* doing = "Writing the network settings";
    for (const char* key : {"wifi_ssid", "wifi_credential"}) {
        const auto value = what.device_configuration.find(key);
        if (value == what.device_configuration.end()) continue;
        require_value(doing, key, value->second);
        const serial::console::concealment quiet(session_.console());
        std::vector<freertos_question> questions;
        questions.push_back(question_for("conf set " + std::string(key) + " " + value->second));
        questions.back().confidential = true;
        const std::string expected = std::string(key) + "=\"" + value->second + "\"";
        const auto answers = co_await session_.ask(doing, std::move(questions));
        if (answers[0].size() != 1 || answers[0].front() != expected)
            throw failure("device-write-failed", doing, key, "the board did not take it as it is");
    }
}

boost::asio::awaitable<station::proof> freertos_cli::prove(const station::credential& what) {
    static constexpr const char* doing = "Reading back what was written";
    std::vector<freertos_question> questions;
    questions.push_back(question_for("pki export cert"));
    questions.push_back(question_for("pki export key"));
    questions.push_back(get_value("thing_name", "\"" + what.thing.text() + "\""));
    questions.push_back(get_value("mqtt_endpoint", "\"" + what.endpoint + "\""));
    questions.push_back(get_value("mqtt_port", std::to_string(what.port)));
    if (!what.ca_pem.empty()) questions.push_back(question_for("pki export cert " + std::string(ca_label)));
    const auto answers = co_await session_.ask(doing, std::move(questions));

    compare_certificate(answers[0], what.certificate_der, "certificate");
    const auto key = x509::parse_public_key(pem_in(answers[1], "PUBLIC KEY"));
    if (!key) not_proved("its key cannot be read: " + key.why_not());
    if (*key != what.public_key) not_proved("its key is not the one the certificate is for");
    if (!what.ca_pem.empty()) compare_certificate(answers[5], require_certificate(doing, what.ca_pem), "CA");
    co_return station::proof::readback;
}

boost::asio::awaitable<void> freertos_cli::finish() {
    co_await session_.reset();
}

}  // namespace fleetline::dialect
