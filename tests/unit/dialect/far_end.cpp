// SPDX-License-Identifier: Apache-2.0
#include "unit/dialect/far_end.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "core/encoding.hpp"
#include "unit/dialect/capture.hpp"

namespace fleetline::test {

const std::string boot_text =
    "\r\n\r\n<SYS>        0 [None      ] Reset Source: 0x10000000 : SFTRSTF: Software. (main_shim.c:21)\r\n"
    "<INF>        0 [None      ] HW Init Complete. (main_shim.c:21)\r\n> ";
const std::string mount_text =
    "\r\x1b[K<INF>        2 [Init      ] File System mounted. (main_shim.c:20)\r\n> ";

namespace {

/// A captured answer without its echo and without the prompt and what follows it.
std::string bare(const std::string& captured) {
    const auto begin = captured.find("\r\n") + 2;
    const auto end = captured.find("\r\n> ", begin);
    return captured.substr(begin, end + 2 - begin);
}

bool is_base64(const std::string& line) {
    return line.size() % 4 == 0 && from_base64(line).has_value();
}

}  // namespace

far_end::far_end(boost::asio::io_context& context, pty& line) : context_(context), line_(line) {
    const auto answers = capture::load("04-pki-happy-path").answers();
    key_answer = bare(answers.at("pki generate key").front());
    csr_answer = bare(answers.at("pki generate csr").front());
    key_export_ = bare(answers.at("pki export key").front());
}

boost::asio::awaitable<void> far_end::serve() {
    std::string pending;
    while (!gone_) {
        pending += co_await line_.read();
        most_pending = std::max(most_pending, pending.size());
        std::string out;
        while (!pending.empty() && !gone_) {
            const char c = pending.front();
            pending.erase(0, 1);
            if (c == '\x03') {
                typed.clear();
                out += "\r\n> ";
            } else if (c != '\n' && c != '\r' && c != '\0') {
                typed += c;
                if (echo_instead(typed) == typed) out += c;
                if (chats()) out += "\r\x1b[K" + log_line() + "> " + typed;
            } else if (!typed.empty()) {
                const std::string whole = std::exchange(typed, {});
                out += take_line(whole);
                co_await say(std::exchange(out, {}));
            }
        }
        co_await say(out);
    }
}

std::string far_end::take_line(const std::string& line) {
    lines.push_back(line);
    if (unplug_at(lines.size())) {
        gone_ = true;
        line_.unplug();
        return {};
    }
    if (auto restart = restart_at(lines.size()); !restart.empty()) {
        now = state::idle;
        return restart;
    }
    const auto echo = echo_instead(line);
    std::string out = (echo == line ? "" : echo) + "\r\n";
    const auto special = answer_instead ? answer_instead(line) : std::nullopt;
    out += with_chatter(special ? *special : answer(line)) + "> ";
    while (chats()) out += "\r\x1b[K" + log_line() + "> ";
    return out;
}

std::string far_end::answer(const std::string& line) {
    if (now != state::idle) return answer_in_import(line);
    const auto words = line + " ";
    const auto starts = [&words](std::string_view with) { return words.starts_with(with); };
    if (starts("conf ") && !mounted)
        return "\r\n<ASR>      295 [cli       ] Assertion failed. (queue.c:1533)\r\n\r\n";
    if (line == "uptime") return uptime + "\r\n";
    if (starts("conf set ")) {
        const auto space = line.find(' ', 9);
        const auto key = line.substr(9, space - 9);
        const auto value = line.substr(space + 1);
        conf[key] = key == "mqtt_port" ? value : "\"" + value + "\"";
        return key + "=" + conf[key] + "\r\n";
    }
    if (starts("conf get ")) return line.substr(9) + "=" + conf[line.substr(9)] + "\r\n";
    if (line == "conf commit") return "Configuration saved to NVM.\r\n";
    if (line == "pki generate key") return key_answer;
    if (line == "pki generate csr") return csr_answer;
    if (line == "pki export key") return key_export_;
    if (starts("pki import cert ")) {
        import_label_ = line == "pki import cert" ? "tls_cert" : line.substr(16);
        import_.clear();
        now = state::import_header;
        return {};
    }
    if (starts("pki export cert ")) return exported(line == "pki export cert" ? "tls_cert" : line.substr(16));
    if (line == "reset") return "Resetting device." + boot_text.substr(0, boot_text.size() - 2);
    return "Command not recognized. Enter 'help' to view a list of available commands.\r\n";
}

std::string far_end::answer_in_import(const std::string& line) {
    if (now == state::import_header) {
        now = line == "-----BEGIN CERTIFICATE-----" ? state::import_body : state::idle;
        return now == state::import_body
                   ? ""
                   : "Error: PEM header does not contain the expected text: '-----BEGIN '.\r\n";
    }
    if (line == "-----END CERTIFICATE-----") {
        now = state::idle;
        certificates[import_label_] = import_;
        return "Success: Certificate loaded to label: '" + import_label_ + "'.\r\n";
    }
    if (is_base64(line))
        import_ += line + "\r\n";
    else
        now = state::idle;  // without a word
    return {};
}

std::string far_end::exported(const std::string& label) const {
    const auto held = certificates.find(label);
    return "-----BEGIN CERTIFICATE-----\r\n" + (held == certificates.end() ? "" : held->second) +
           "-----END CERTIFICATE-----\r\n";
}

/// Log lines between any two bytes of an answer: the firmware does not care where a line was.
std::string far_end::with_chatter(const std::string& answer) {
    if (chatter == 0 || answer.find('<') != std::string::npos) return answer;  // not inside a log line
    std::string out;
    for (const char c : answer) {
        if (random() % (std::size_t{chatter} * 16) == 0) out += log_line();
        out += c;
    }
    return out;
}

std::string far_end::log_line() {
    static const std::string texts[] = {
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one line of the log
        "<ERR>     1005 [MQTTAgent ] Connection to the broker failed, retry in 3000 ms. Error=-26 "
        "(main.c:19)\r\n",
        "<INF>     1042 [MQTTAgent ] Sending a heartbeat message number 27. (main_shim.c:19)\r\n",
        "<INF>      17\r\n",
        "<WRN>      935 [uartRx    ] Dropped 15 bytes. Console receive buffer full. (cli_uart_drv.c:317)\r\n",
        "<INF>     1038 [cli       ] Could not open corePKCS11_Key.dat for reading. (core_pkcs11_pal_li\r\n",
        "<ERR>        1 [x         ] error> ERROR: -----BEGIN CERTIFICATE----- > up 0 day(s) (a.c:1)\r\n"};
    return texts[random() % std::size(texts)];
}

boost::asio::awaitable<void> far_end::say(std::string bytes) {
    for (std::size_t at = 0; at < bytes.size() && !gone_ && !silent;) {
        std::size_t size = bytes.size() - at;
        if (chunks == pieces::bytewise) size = 1;
        if (chunks == pieces::at_random) size = std::min<std::size_t>(size, 1 + random() % 30);
        co_await line_.write(bytes.substr(at, size));
        at += size;
        co_await boost::asio::post(context_, boost::asio::use_awaitable);
    }
}

}  // namespace fleetline::test
