// SPDX-License-Identifier: Apache-2.0
// The broker's limits with AWS's numbers. 0 switches one off. They live in the registry (table limits), so
// that they can be changed while the cloud runs.
#pragma once

#include <cstdint>

#include "core/registry.hpp"

namespace fleetline::rehearsal {

struct limits {
    std::int64_t payload_bytes = 131072;
    std::int64_t filters_per_subscribe = 8;
    std::int64_t subscriptions = 50;
    std::int64_t publishes_per_second = 100;  // in and out together, per connection; the rest is discarded
    std::int64_t topic_bytes = 256;
    std::int64_t topic_slashes = 7;
    std::int64_t connect_interval_ms = 0;           // between two CONNECTs of one client id; AWS: 1000
    std::int64_t denied_subscribe_disconnects = 0;  // else only the SUBACK says so
    std::int64_t thing_type_deletion_wait_s = 0;    // after its deprecation; AWS: 300
};

struct named_limit {
    const char* name;
    std::int64_t limits::*value;
};

inline constexpr named_limit limit_names[] = {
    {"payload_bytes", &limits::payload_bytes},
    {"filters_per_subscribe", &limits::filters_per_subscribe},
    {"subscriptions", &limits::subscriptions},
    {"publishes_per_second", &limits::publishes_per_second},
    {"topic_bytes", &limits::topic_bytes},
    {"topic_slashes", &limits::topic_slashes},
    {"connect_interval_ms", &limits::connect_interval_ms},
    {"denied_subscribe_disconnects", &limits::denied_subscribe_disconnects},
    {"thing_type_deletion_wait_s", &limits::thing_type_deletion_wait_s},
};

inline limits read_limits(registry& known) {
    limits all;
    for (const auto& [name, value] : known.limits()) {
        for (const named_limit& one : limit_names) {
            if (name == one.name) all.*one.value = value;
        }
    }
    return all;
}

}  // namespace fleetline::rehearsal
