// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/provisioning.hpp"
#include "core/refusal.hpp"

namespace fleetline::rehearsal {
namespace {

constexpr std::size_t max_policies = 10;

refusal conflict(const std::string& what) {
    return {409, "ResourceConflict", what};
}
refusal missing(const std::string& what) {
    return {404, "ResourceNotFound", what};
}

void must_exist(registry& known, const thing_plan& plan) {
    if (!plan.type.empty() && !known.thing_type(plan.type)) {
        throw missing("The thing type does not exist: " + plan.type);
    }
    for (const std::string& group : plan.groups) {
        if (!known.thing_group(group)) throw missing("The thing group does not exist: " + group);
    }
    if (!plan.billing_group.empty() && !known.billing_group(plan.billing_group)) {
        throw missing("The billing group does not exist: " + plan.billing_group);
    }
}

void add_thing(registry& known, const thing_plan& plan) {
    thing_record fresh;
    fresh.name = plan.name;
    fresh.type = plan.type;
    fresh.billing_group = plan.billing_group;
    fresh.attributes = plan.attributes;
    known.put_thing(fresh);
    for (const std::string& group : plan.groups) known.add_to_group(plan.name, group);
}

// Unstated means: keep what the existing thing has (AWS does not say; see README.md).
void override_thing(registry& known, const thing_plan& plan, thing_record existing) {
    if (plan.on_attributes == override_setting::fail || plan.on_type == override_setting::fail ||
        plan.on_groups == override_setting::fail) {
        throw conflict("The thing already exists: " + plan.name);
    }
    const thing_record before = existing;
    if (plan.on_attributes == override_setting::replace) existing.attributes = plan.attributes;
    if (plan.on_attributes == override_setting::merge) {
        for (const auto& [name, value] : plan.attributes) existing.attributes[name] = value;
    }
    if (plan.on_type == override_setting::replace) existing.type = plan.type;
    if (existing.billing_group.empty()) existing.billing_group = plan.billing_group;
    if (existing.attributes != before.attributes || existing.type != before.type ||
        existing.billing_group != before.billing_group) {
        ++existing.version;
        known.put_thing(existing);
    }
    if (plan.on_groups == override_setting::replace) {
        for (const std::string& group : known.groups_of(plan.name)) known.remove_from_group(plan.name, group);
    }
    if (plan.on_groups == override_setting::replace || plan.on_groups == override_setting::merge) {
        for (const std::string& group : plan.groups) known.add_to_group(plan.name, group);
    }
}

void set_status(registry& known, const provisioning_plan& plan, const certificate_record& certificate) {
    // A new certificate takes the template's status; the override speaks only of one registered before.
    if (certificate.status == "PENDING_ACTIVATION") {
        known.set_certificate_status(certificate.id, plan.certificate_status);
        known.keep_certificate(certificate.id);
        return;
    }
    if (plan.on_status == override_setting::fail) throw conflict("The certificate is already registered.");
    if (plan.on_status == override_setting::replace && certificate.status != plan.certificate_status) {
        known.set_certificate_status(certificate.id, plan.certificate_status);
    }
}

void attach_policies(registry& known, const provisioning_plan& plan, const certificate_record& certificate) {
    const std::string target = "cert/" + certificate.id;
    for (const policy_plan& policy : plan.policies) {
        if (!known.policy(policy.name)) {
            if (policy.document.empty()) throw missing("The policy does not exist: " + policy.name);
            known.add_policy(policy.name, policy.document);
        }
        known.attach_policy(policy.name, target);
    }
    if (known.policies_of(target).size() > max_policies) {
        throw refusal{400, "LimitExceeded", "A certificate may have at most 10 policies."};
    }
}

}  // namespace

void apply_plan(registry& known, const provisioning_plan& plan, const certificate_record& certificate) {
    known.in_transaction([&] {
        if (plan.thing) {
            must_exist(known, *plan.thing);
            if (const auto existing = known.thing(plan.thing->name)) {
                override_thing(known, *plan.thing, *existing);
            } else {
                add_thing(known, *plan.thing);
            }
            known.attach_principal(plan.thing->name, certificate.id);
        }
        // Before it is active: then nobody's policies have changed (schema.cpp, epoch).
        attach_policies(known, plan, certificate);
        set_status(known, plan, certificate);
    });
}

}  // namespace fleetline::rehearsal
