// SPDX-License-Identifier: Apache-2.0
// Everything the rehearsal cloud knows, in one SQLite file that the broker's plugin and the control plane
// share (WAL, so each sees what the other committed). One object is for one thread at a time; open one per
// thread. Units of work that must be all-or-nothing go through in_transaction(). SQLite errors throw
// SQLite::Exception; lookups of what is not there return nullopt; nothing here judges, that is the callers'
// business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/records.hpp"

namespace fleetline::rehearsal::sql {
class database;
}

namespace fleetline::rehearsal {

class registry {
  public:
    using clock = std::function<std::int64_t()>;  // milliseconds since 1970

    // Opens the file, making it (and its tables) if it is not there.
    explicit registry(const std::filesystem::path& file, clock now = {});
    ~registry();
    registry(registry&&) noexcept;
    registry(const registry&) = delete;
    registry& operator=(const registry&) = delete;

    std::int64_t now_ms() const;
    // Runs `work` in a write transaction; an exception rolls everything back. May be nested.
    void in_transaction(const std::function<void()>& work);
    // Rises whenever something changed that decides who may connect, what a policy allows, or a limit.
    std::int64_t epoch();
    // Changes whenever another connection committed anything.
    std::int64_t data_version();
    std::optional<std::string> meta(const std::string& key);
    void set_meta(const std::string& key, const std::string& value);
    std::string account();
    std::string region();
    // arn:aws:iot:REGION:ACCOUNT:RESOURCE
    std::string arn(const std::string& resource);

    // -- certificates and ownership tokens (registry_certificates.cpp)
    void add_certificate(const certificate_record& row);
    std::optional<certificate_record> certificate(const std::string& id);
    void set_certificate_status(const std::string& id, const std::string& status);
    void keep_certificate(const std::string& id);  // it no longer expires
    void delete_certificate(const std::string& id);
    // Without provisioning claims, which AWS does not list. By creation time, then id.
    std::vector<certificate_record> certificates(const page& wanted);
    // Deletes unregistered certificates and provisioning claims whose time is over, and spent tokens.
    void purge_expired();
    void add_token(const std::string& token, const std::string& certificate_id, std::int64_t expires_ms);
    std::optional<std::string> certificate_of_token(const std::string& token);  // not if expired

    // -- things, types, groups (registry_things.cpp)
    std::optional<thing_record> thing(const std::string& name);
    void put_thing(const thing_record& row);  // adds, or replaces everything but id and creation time
    void delete_thing(const std::string& name);
    std::vector<thing_record> things(const page& wanted);
    void attach_principal(const std::string& thing, const std::string& certificate_id);
    void detach_principal(const std::string& thing, const std::string& certificate_id);
    std::vector<std::string> principals_of(const std::string& thing);
    std::vector<std::string> things_of(const std::string& certificate_id);
    void put_thing_type(const thing_type_record& row);
    std::optional<thing_type_record> thing_type(const std::string& name);
    void delete_thing_type(const std::string& name);
    std::vector<thing_type_record> thing_types(const page& wanted);
    void put_thing_group(const thing_group_record& row);
    std::optional<thing_group_record> thing_group(const std::string& name);
    void delete_thing_group(const std::string& name);
    std::vector<thing_group_record> thing_groups(const page& wanted);
    void add_to_group(const std::string& thing, const std::string& group);
    void remove_from_group(const std::string& thing, const std::string& group);
    std::vector<std::string> groups_of(const std::string& thing);
    std::vector<std::string> things_in_group(const std::string& group, const page& wanted);
    void put_billing_group(const billing_group_record& row);
    std::optional<billing_group_record> billing_group(const std::string& name);

    // -- policies (registry_policies.cpp); a target is cert/ID or thinggroup/NAME
    void add_policy(const std::string& name, const std::string& document);
    std::optional<policy_record> policy(const std::string& name);
    void delete_policy(const std::string& name);
    std::vector<policy_record> policies(const page& wanted);
    std::int64_t add_policy_version(const std::string& name, const std::string& document, bool as_default);
    std::vector<version_record> policy_versions(const std::string& name);
    void delete_policy_version(const std::string& name, std::int64_t version);
    void set_default_policy_version(const std::string& name, std::int64_t version);
    void attach_policy(const std::string& name, const std::string& target);
    void detach_policy(const std::string& name, const std::string& target);
    std::vector<policy_record> policies_of(const std::string& target);
    std::vector<std::string> targets_of(const std::string& policy);

    // -- provisioning templates (registry_templates.cpp)
    void add_template(const template_record& row);
    std::optional<template_record> provisioning_template(const std::string& name);
    void update_template(const template_record& row);  // all but name, body and creation time
    void delete_template(const std::string& name);
    std::vector<template_record> templates(const page& wanted);
    std::int64_t add_template_version(const std::string& name, const std::string& body, bool as_default);
    std::vector<version_record> template_versions(const std::string& name);
    void delete_template_version(const std::string& name, std::int64_t version);

    // -- Lambda functions and IAM roles (registry_functions.cpp)
    void put_function(const function_record& row);
    std::optional<function_record> function(const std::string& name);
    void delete_function(const std::string& name);
    std::vector<function_record> functions(const page& wanted);
    void put_permission(const std::string& function, const permission_record& row);
    void delete_permission(const std::string& function, const std::string& statement_id);
    std::vector<permission_record> permissions(const std::string& function);
    void put_role(const role_record& row);
    std::optional<role_record> role(const std::string& name);
    void delete_role(const std::string& name);
    void put_role_policy(const std::string& role, const std::string& policy_arn,
                         const std::string& document = {});
    void delete_role_policy(const std::string& role, const std::string& policy_arn);
    std::vector<std::string> role_policies(const std::string& role);
    // Of a policy inside the role; empty for one that is attached by its ARN.
    std::optional<std::string> role_policy_document(const std::string& role, const std::string& policy);
    void put_tag(const std::string& arn, const std::string& key, const std::string& value);
    std::vector<std::pair<std::string, std::string>> tags(const std::string& arn);
    void delete_tag(const std::string& arn, const std::string& key);
    void delete_tags(const std::string& arn);

    // -- the rehearsal's own: faults and limits (registry_faults.cpp)
    std::int64_t add_fault(const std::string& spec, std::int64_t skip, std::optional<std::int64_t> count);
    std::vector<fault_record> faults();
    void delete_fault(std::int64_t id);
    void delete_faults();
    // Counts one matching request against the fault: true if it is to be hit, false while skipping or spent.
    bool strike(std::int64_t id);
    std::vector<std::pair<std::string, std::int64_t>> limits();  // those that were set
    void set_limit(const std::string& name, std::int64_t value);

  private:
    std::unique_ptr<sql::database> db_;
    clock now_;
    int depth_ = 0;  // of nested transactions
};

}  // namespace fleetline::rehearsal
