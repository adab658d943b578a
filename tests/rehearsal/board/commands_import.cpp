// SPDX-License-Identifier: Apache-2.0
// Importing a PEM: the lines are typed at the prompt like commands, and whatever is typed is taken for PEM
// until the END line comes or something is wrong.
#include <optional>
#include <string>

#include "crypto.hpp"
#include "der.hpp"
#include "pki_store.hpp"
#include "shell.hpp"

namespace fleetline::rehearsal_board {

namespace {

constexpr std::size_t longest_line = 64;
constexpr std::size_t largest_pem = 2048;
constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view end_mark = "-----END ";
constexpr std::string_view mark_end = "-----";

bool starts_with(const std::string& line, std::string_view mark) {
    return line.compare(0, mark.size(), mark) == 0;
}
bool closed(const std::string& line, std::string_view mark) {
    return line.find(mark_end, mark.size()) != std::string::npos;
}

// What one line means for the import.
struct verdict {
    enum { more, end, failed } state = more;
    std::string message;
};

class pem_reader {
  public:
    explicit pem_reader(bool drops_line) : drops_line_(drops_line) {}

    verdict take(const std::string& line) {
        if (line.empty()) return {verdict::failed, ""};  // 128 characters without a line end
        if (line.size() > longest_line)
            return {verdict::failed, "Error: Current line exceeds maximum line length for a PEM file.\r\n"};
        if (der_.size() + line.size() + 1 >= largest_pem)
            return {verdict::failed, "Error: Out of memory to store the given PEM file.\r\n"};
        if (!begun_) return header(line);
        if (starts_with(line, end_mark)) {
            if (closed(line, end_mark)) return {verdict::end, ""};
            return {verdict::failed, "Error: PEM footer does not contain the expected ending: '-----'.\r\n"};
        }
        const auto bytes = base64_line(line);
        if (!bytes) return {verdict::failed, ""};
        if (!drops_line_ || ++body_lines_ != 3) der_ += *bytes;
        return {};
    }
    const std::string& der() const { return der_; }

  private:
    verdict header(const std::string& line) {
        if (!starts_with(line, begin_mark))
            return {verdict::failed,
                    "Error: PEM header does not contain the expected text: '-----BEGIN '.\r\n"};
        if (!closed(line, begin_mark))
            return {verdict::failed, "Error: PEM header does not contain the expected ending: '-----'.\r\n"};
        begun_ = true;
        return {};
    }

    bool drops_line_;
    bool begun_ = false;
    int body_lines_ = 0;
    std::string der_;
};

// Nothing when the import ended in an error.
task<std::optional<std::string>> read_pem(shell& self) {
    pem_reader reader(self.faults().has("import-drops-line"));
    for (;;) {
        const std::string line = co_await self.read_line();
        if (!self.host().pem_line()) co_await shell::forever();
        const verdict now = reader.take(line);
        if (!now.message.empty()) co_await self.print(now.message);
        if (now.state == verdict::failed) co_return std::nullopt;
        if (now.state == verdict::end) co_return reader.der();
    }
}

std::string label_of(const shell::words& args, const char* otherwise) {
    const std::string label = args.size() > 3 ? args[3] : otherwise;
    // A longer label is not refused; the firmware reads on behind its 33 bytes.
    return label.size() > 32 ? label.substr(0, 33) + "\xd1" : label;
}

}  // namespace

task<> pki_import_certificate(shell& self, shell::words args) {
    const auto label = label_of(args, "tls_cert");
    const auto bytes = co_await read_pem(self);
    if (!bytes) co_return;
    if (bytes->empty()) {
        self.host().crash("cli_pki.c:727");
        co_await shell::forever();
    }
    const auto certificate = certificate_in(*bytes);
    if (!certificate) co_return;
    pki_store store(self);
    const bool saved = store.look_for_certificate(label);
    if (saved) {
        co_await self.busy(self.flash_time());
        store.save_certificate(label, *certificate);
    }
    const std::string answer =
        saved ? "Success: Certificate loaded to label: '" : "Error: failed to save certificate to label: '";
    co_await self.print(answer + label + "'.\r\n");
}

task<> pki_import_key(shell& self, shell::words args) {
    const auto label = label_of(args, "ota_signer_pub");
    const auto bytes = co_await read_pem(self);
    if (!bytes) co_return;
    if (!is_public_key(*bytes)) {
        co_await self.print("ERROR: Failed to parse public key.");
        co_return;
    }
    co_await self.busy(self.flash_time());
    pki_store store(self);
    const bool saved = store.save_public_key(label, *bytes);
    const std::string answer =
        saved ? "Success: Public Key loaded to label: '" : "Error: failed to save public key to label: '";
    co_await self.print(answer + label + "'.\r\n");
}

}  // namespace fleetline::rehearsal_board
