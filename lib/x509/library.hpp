// SPDX-License-Identifier: Apache-2.0
// The OpenSSL library context of everything but the MQTT library, which knows only the default one: there a
// claim key in the TPM changes what every key does. Whoever makes or uses a key names this one. Any thread.
#pragma once

struct ossl_lib_ctx_st;  // OpenSSL's OSSL_LIB_CTX

namespace fleetline::x509 {

/// The default provider only; made once, lives as long as the process.
ossl_lib_ctx_st* library_context();

}  // namespace fleetline::x509
