// SPDX-License-Identifier: Apache-2.0
// The firmware's PKCS#11 objects in flash and the log lines its storage layer drops on the way. Made for one
// command.
#pragma once

#include <string>

#include "shell.hpp"

namespace fleetline::rehearsal_board {

inline constexpr const char* no_file = "Could not save object. Unable to open the correct file.";
inline constexpr const char* no_file_at = "core_pkcs11_pal_littlefs.c:265";

class pki_store {
  public:
    static constexpr const char* private_key_object = "corePKCS11_Key.dat";
    static constexpr const char* public_key_object = "corePKCS11_PubKey.dat";

    explicit pki_store(shell& owner) : shell_(owner) {}

    bool has_key() const;
    // PEM of the private key.
    std::string key() const { return shell_.memory().read(flash::private_key); }
    // Replaces the key pair (the certificate stays); returns the public key.
    std::string make_key();
    // DER; empty (with the storage layer's complaints in the log) if there is none under that label.
    std::string public_key(const std::string& label) const;
    std::string certificate(const std::string& label) const;
    // Looks for the object before it is written, and complains. False: no such label.
    bool look_for_certificate(const std::string& label);
    // Under a label that look_for_certificate() knew.
    void save_certificate(const std::string& label, std::string certificate);
    bool save_public_key(const std::string& label, const std::string& key);

    // The storage layer logs a key object it looks for and does not find.
    void note_missing_key(const char* object) const;

  private:
    void could_not_open(const char* object) const;

    shell& shell_;
};

}  // namespace fleetline::rehearsal_board
