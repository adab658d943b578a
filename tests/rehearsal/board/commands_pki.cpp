// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "crypto.hpp"
#include "der.hpp"
#include "help_text.hpp"
#include "pki_store.hpp"
#include "shell.hpp"

namespace fleetline::rehearsal_board {

namespace {

constexpr const char* private_label = "tls_key_priv";
constexpr const char* public_label = "tls_key_pub";

std::string argument(const shell::words& args, std::size_t index, const char* otherwise) {
    return args.size() > index ? args[index] : otherwise;
}

// Two labels or none; a single one is ignored. Labels the storage has no file for end in an assertion.
task<> generate_key(shell& self, shell::words args) {
    const bool labelled = args.size() > 4;
    if (labelled && (args[3] != public_label || args[4] != private_label)) {
        co_await self.busy(self.times().keygen);
        for (int i = 0; i < 2; ++i) self.log("ERR", no_file, no_file_at);
        self.host().crash("PkiObjectPkcs11.c:561");
        co_await shell::forever();
    }
    pki_store store(self);
    store.note_missing_key(pki_store::private_key_object);
    store.note_missing_key(pki_store::public_key_object);
    co_await self.busy(self.times().keygen + 2 * self.flash_time());
    if (self.faults().has("keygen-fails")) {
        co_await self.print("ERROR: Failed to generate public/private key pair.\r\n");
        co_return;
    }
    const auto public_key = store.make_key();
    co_await self.print("SUCCESS: Key pair generated and stored in\r\n");
    co_await self.print(std::string("Private Key Label: ") + private_label);
    // The public label is written with the private one's length: its terminating NUL goes out too.
    co_await self.print("\r\nPublic Key Label: " + std::string(public_label) + std::string(1, '\0') + "\r\n");
    co_await self.print(pem("PUBLIC KEY", public_key, "\r\n"));
}

std::string damaged(const fault_set& faults, const std::string& csr) {
    std::string bytes = csr;
    if (faults.has("csr-bad-signature")) bytes.back() = static_cast<char>(bytes.back() ^ 0x01);
    return bytes;
}

task<> generate_csr(shell& self, shell::words args) {
    const auto label = argument(args, 3, private_label);
    const pki_store store(self);
    if (label != private_label || !store.has_key()) {
        if (label == private_label) store.note_missing_key(pki_store::private_key_object);
        self.log("ERR",
                 "Failed to find private key with label: " + label + " in PKCS#11 module. CK_RV: CKR_OK",
                 "PkiObjectPkcs11.c:283");
        co_return;
    }
    if (!self.host().settings_ready()) {
        self.host().crash("queue.c:1533");
        co_await shell::forever();
    }
    auto subject = subject_of(self.settings().get("thing_name"));
    if (!subject) {
        self.log("ERR", "Failed to set CSR Subject Name: X509 - Input invalid", "cli_pki.c:211");
        co_return;
    }
    if (self.faults().has("csr-wrong-subject"))
        subject = self.faults().value("csr-wrong-subject", "somebody-else");
    co_await self.busy(self.times().csr);
    const auto key = self.faults().has("csr-wrong-key") ? rehearsal_board::generate_key() : store.key();
    const auto csr = damaged(self.faults(), make_csr(key, *subject));
    self.host().event("csr", "public_key_sha256", sha256_hex(public_key_of(key)));
    co_await self.print(pem("CERTIFICATE REQUEST", csr, "\r\n"));
}

task<> generate_certificate(shell& self, shell::words args) {
    const auto label = argument(args, 3, "tls_cert");
    pki_store store(self);
    const auto subject = subject_of(self.settings().get("thing_name"));
    if (argument(args, 4, private_label) != private_label || !store.has_key() || !subject ||
        subject->empty()) {
        self.log("ERR",
                 "Failed to find private key with label: tls_key_priv in PKCS#11 module. CK_RV: CKR_OK",
                 "PkiObjectPkcs11.c:283");
        co_return;
    }
    const auto certificate = make_self_signed(store.key(), *subject);
    const bool known = store.look_for_certificate(label);
    co_await self.busy(self.times().csr + self.flash_time());
    if (known) store.save_certificate(label, certificate);
    co_await self.print(pem("CERTIFICATE", certificate, "\r\n"));
}

task<> export_certificate(shell& self, shell::words args) {
    const pki_store store(self);
    const auto label = argument(args, 3, "tls_cert");
    auto certificate = store.certificate(label);
    if (self.faults().has("readback-other-cert") && label == "tls_cert") {
        const auto key = rehearsal_board::generate_key();
        certificate = make_self_signed(key, "somebody-else");
    }
    if (self.faults().has("readback-nothing") && label == "tls_cert") certificate.clear();
    // With nothing to export the two lines come all the same.
    co_await self.print(pem("CERTIFICATE", certificate, "\r\n"));
}

task<> export_key(shell& self, shell::words args) {
    const pki_store store(self);
    const auto label = argument(args, 3, public_label);
    const auto key = store.public_key(label);
    co_await self.print("Public Key Label: " + label.substr(0, 32) + "\r\n");
    if (!key.empty()) co_await self.print(pem("PUBLIC KEY", key, "\r\n"));
}

using subcommand = task<> (*)(shell&, shell::words);

subcommand find(const std::string& verb, const std::string& object) {
    if (verb == "generate" && object == "key") return generate_key;
    if (verb == "generate" && object == "csr") return generate_csr;
    if (verb == "generate" && object == "cert") return generate_certificate;
    if (verb == "import" && object == "key") return pki_import_key;
    if (verb == "import" && object == "cert") return pki_import_certificate;
    if (verb == "export" && object == "key") return export_key;
    if (verb == "export" && object == "cert") return export_certificate;
    return nullptr;
}

}  // namespace

task<> pki_command(shell& self, shell::words args) {
    const std::string verb = args.size() > 1 ? args[1] : "";
    const std::string object = args.size() > 2 ? args[2] : "";
    const auto run = find(verb, object);
    if (run != nullptr) {
        co_await run(self, std::move(args));
        co_return;
    }
    std::string text;
    const bool takes_object = verb == "generate" || verb == "import" || verb == "export";
    if (verb == "generate" && object.empty())
        text = "Error: Not enough arguments to 'pki generate' command.\r\n";
    else if (takes_object && !object.empty())
        text = "Error: Invalid object type: '" + object + "' specified for " +
               (verb == "generate" ? "generate" : "import") + " command.\r\n";
    co_await self.print(text + std::string(help_pki));
}

}  // namespace fleetline::rehearsal_board
