// SPDX-License-Identifier: Apache-2.0
// The rows of the registry as plain structs. Times are milliseconds since 1970, UTC.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace fleetline::rehearsal {

using string_map = std::map<std::string, std::string>;

struct certificate_record {
    std::string id;  // lower-case hex SHA-256 of the DER
    std::string pem;
    std::string status;  // ACTIVE, INACTIVE, REVOKED, PENDING_ACTIVATION
    std::string origin;  // csr, keys, rest-csr, rest-keys, claim, provisioning-claim
    std::string claim_template;
    std::string owner_client;
    std::string owner_certificate;
    std::int64_t created_ms = 0;
    std::int64_t modified_ms = 0;
    std::optional<std::int64_t> expires_ms;
};

struct thing_record {
    std::string name;
    std::string id;
    std::string type;           // empty: none
    std::string billing_group;  // empty: none
    string_map attributes;
    std::int64_t version = 1;
    std::int64_t created_ms = 0;
};

struct thing_type_record {
    std::string name, id, description;
    std::string searchable_attributes = "[]";  // JSON list
    bool deprecated = false;
    std::int64_t created_ms = 0;
};

struct thing_group_record {
    std::string name, id, parent, description;
    std::string attributes = "{}";  // JSON map
    std::int64_t version = 1;
    std::int64_t created_ms = 0;
};

struct billing_group_record {
    std::string name, id, description;
    std::int64_t version = 1;
    std::int64_t created_ms = 0;
};

struct policy_record {
    std::string name;
    std::int64_t default_version = 1;
    std::string document;  // of the default version, as it came in
    std::int64_t created_ms = 0;
    std::int64_t modified_ms = 0;
};

struct template_record {
    std::string name;
    std::string type = "FLEET_PROVISIONING";
    std::string description;
    bool enabled = false;
    std::string role_arn;
    std::string hook_arn;  // empty: no hook
    std::string hook_payload_version;
    std::int64_t default_version = 1;
    std::string body;  // of the default version, as it came in
    std::int64_t created_ms = 0;
    std::int64_t modified_ms = 0;
};

struct version_record {
    std::int64_t version = 1;
    std::string text;  // template body or policy document
    std::int64_t created_ms = 0;
};

struct function_record {
    std::string name, runtime, handler, role_arn, description;
    std::int64_t timeout_s = 3;
    std::int64_t memory_mib = 128;
    std::string environment = "{}";  // JSON map
    std::string zip;
    std::string code_sha256;  // base64, as Lambda gives it
    std::string revision;     // UUID
    std::int64_t created_ms = 0;
    std::int64_t modified_ms = 0;
};

struct permission_record {
    std::string statement_id, action, principal, source_arn, source_account;
};

struct role_record {
    std::string name, id;
    std::string path = "/";
    std::string trust;
    std::string description;
    std::int64_t created_ms = 0;
};

struct fault_record {
    std::int64_t id = 0;
    std::string spec;  // JSON, see README.md
    std::int64_t skip = 0;
    std::optional<std::int64_t> remaining;
    std::int64_t hits = 0;
};

// One page of a list: rows after `after` (empty: from the start), at most `limit`.
struct page {
    std::string after;
    std::size_t limit = 250;
    bool ascending = true;
};

}  // namespace fleetline::rehearsal
