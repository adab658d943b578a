// SPDX-License-Identifier: Apache-2.0
// Who may do what: certificate status and policies of each session, kept as parsed documents until the
// registry's epoch says that something changed. Broker's thread only.
#pragma once

#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/policy.hpp"
#include "core/registry.hpp"

namespace fleetline::rehearsal {

struct principal {
    std::string client_id;
    std::string certificate_id;
    string_map variables;          // that do not change: iot:ClientId, aws:SourceIp, iot:Certificate...
    std::int64_t seen_epoch = -1;  // of what follows
    string_map all_variables;      // with iot:Connection.Thing...
    std::vector<std::shared_ptr<const policy_document>> policies;
};

class access {
  public:
    explicit access(registry& known) : registry_(known) {}

    // What is known of the holder of this certificate under this client id.
    static principal identify(const std::string& client_id, const std::string& address, X509& certificate);
    // The certificate's status; empty if the cloud does not know it.
    std::string status(const std::string& certificate_id);
    bool allows(principal& who, const std::string& action, const std::string& resource);
    // Rises with every change that may alter an answer of this class, as seen since look_again().
    std::int64_t epoch();
    // The broker is about to wait: others may change the registry meanwhile.
    void look_again() { looked_ = false; }

  private:
    void refresh(principal& who);
    void add_thing_variables(principal& who);
    std::shared_ptr<const policy_document> parsed(const std::string& document);

    registry& registry_;
    bool looked_ = false;
    std::int64_t data_version_ = -1;
    std::int64_t epoch_ = -1;
    std::string arn_prefix_;
    std::unordered_map<std::string, std::shared_ptr<const policy_document>> documents_;  // by text
};

}  // namespace fleetline::rehearsal
