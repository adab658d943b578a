// SPDX-License-Identifier: Apache-2.0
// A claim key that only the TPM can use (a TSS2 PRIVATE KEY file, tpm2-openssl). It concerns OpenSSL's
// default library context, which is the MQTT library's and the diagnosis's alone: lib/x509 has its own. Under
// it a plain key in the default context can no longer sign, so it is done only for such a key. The MQTT
// thread.
#pragma once

#include <string>

namespace fleetline::cloud {

bool is_tpm_key(const std::string& file);

/// Loads the provider and prefers it, once a process; answers why not, or nothing.
std::string use_tpm();

}  // namespace fleetline::cloud
