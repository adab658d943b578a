// SPDX-License-Identifier: Apache-2.0
// A claim key that only the TPM can use (a TSS2 PRIVATE KEY file, tpm2-openssl). It concerns OpenSSL's
// default library context, the only one the MQTT library knows: while the TPM is preferred there, a plain key
// cannot sign in it. The default context is therefore the claim's alone; every other key has that of
// x509/library.hpp.
#pragma once

#include <string>

namespace fleetline::cloud {

bool is_tpm_key(const std::string& file);

/// Before the claim's key is used: has the default context prefer the TPM for such a key, and not for any
/// other. Answers why that cannot be done, or nothing. Any thread; not while a handshake is under way.
std::string prepare_for_key(const std::string& file);

}  // namespace fleetline::cloud
