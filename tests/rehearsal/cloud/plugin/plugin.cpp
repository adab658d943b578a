// SPDX-License-Identifier: Apache-2.0
// The C entry points of the broker plugin. Nothing is thrown across them.
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <exception>
#include <string>

#include "plugin/cloud_plugin.hpp"

namespace {

using fleetline::rehearsal::cloud_plugin;

template <class Event, int (cloud_plugin::*Handle)(Event&)>
int guarded(int, void* event, void* user) {
    try {
        return (static_cast<cloud_plugin*>(user)->*Handle)(*static_cast<Event*>(event));
    } catch (const std::exception& problem) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "cloud: %s", problem.what());
        return MOSQ_ERR_UNKNOWN;
    }
}

int on_turn(int, void*, void* user) {
    try {
        static_cast<cloud_plugin*>(user)->on_turn();
    } catch (const std::exception& problem) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "cloud: %s", problem.what());
    }
    return MOSQ_ERR_SUCCESS;
}

int on_disconnect(int, void* event, void* user) {
    try {
        static_cast<cloud_plugin*>(user)->on_disconnect(*static_cast<mosquitto_evt_disconnect*>(event));
    } catch (const std::exception& problem) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "cloud: %s", problem.what());
    }
    return MOSQ_ERR_SUCCESS;
}

cloud_plugin::settings settings_from(const mosquitto_opt* options, int count) {
    cloud_plugin::settings chosen;
    for (int i = 0; i < count; ++i) {
        const std::string key = options[i].key;
        if (key == "dir") chosen.folder = options[i].value;
        if (key == "token_lifetime") chosen.token_lifetime_s = std::stoll(options[i].value);
    }
    return chosen;
}

struct registration {
    int event;
    MOSQ_FUNC_generic_callback callback;
};

constexpr registration registrations[] = {
    {MOSQ_EVT_BASIC_AUTH, guarded<mosquitto_evt_basic_auth, &cloud_plugin::on_connect>},
    {MOSQ_EVT_ACL_CHECK, guarded<mosquitto_evt_acl_check, &cloud_plugin::on_access>},
    {MOSQ_EVT_MESSAGE, guarded<mosquitto_evt_message, &cloud_plugin::on_message>},
    {MOSQ_EVT_TICK, on_turn},
    {MOSQ_EVT_DISCONNECT, on_disconnect},
};

struct loaded_plugin {
    loaded_plugin(mosquitto_plugin_id_t* given, const cloud_plugin::settings& chosen)
        : id(given), cloud(chosen) {}
    mosquitto_plugin_id_t* id;
    cloud_plugin cloud;
};

}  // namespace

#define FLEETLINE_EXPORT extern "C" __attribute__((visibility("default")))

FLEETLINE_EXPORT int mosquitto_plugin_version(int count, const int* versions) {
    for (int i = 0; i < count; ++i) {
        if (versions[i] == MOSQ_PLUGIN_VERSION) return MOSQ_PLUGIN_VERSION;
    }
    return -1;
}

FLEETLINE_EXPORT int mosquitto_plugin_init(mosquitto_plugin_id_t* id, void** user, mosquitto_opt* options,
                                           int count) {
    try {
        auto* const loaded = new loaded_plugin{id, settings_from(options, count)};
        *user = loaded;
        for (const registration& one : registrations) {
            if (mosquitto_callback_register(id, one.event, one.callback, nullptr, &loaded->cloud) !=
                MOSQ_ERR_SUCCESS) {
                return MOSQ_ERR_UNKNOWN;
            }
        }
        return MOSQ_ERR_SUCCESS;
    } catch (const std::exception& problem) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "cloud: %s", problem.what());
        return MOSQ_ERR_UNKNOWN;
    }
}

FLEETLINE_EXPORT int mosquitto_plugin_cleanup(void* user, mosquitto_opt*, int) {
    auto* const loaded = static_cast<loaded_plugin*>(user);
    if (loaded == nullptr) return MOSQ_ERR_SUCCESS;
    for (const registration& one : registrations) {
        mosquitto_callback_unregister(loaded->id, one.event, one.callback, nullptr);
    }
    delete loaded;
    return MOSQ_ERR_SUCCESS;
}
