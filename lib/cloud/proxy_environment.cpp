// SPDX-License-Identifier: Apache-2.0
#include "cloud/proxy_environment.hpp"

#include <unistd.h>

#include <cstdlib>

extern char** environ;

namespace fleetline::cloud {

namespace {

std::vector<std::string>& put_aside() {
    static std::vector<std::string> variables;
    return variables;
}

}  // namespace

void put_proxy_environment_aside() {
    for (const char* name : {"https_proxy", "http_proxy"}) {
        const char* const value = std::getenv(name);
        if (value == nullptr) continue;
        put_aside().push_back(std::string(name) + "=" + value);
        unsetenv(name);
    }
}

std::vector<std::string> environment_for_programs() {
    auto all = put_aside();
    for (char** variable = environ; *variable != nullptr; ++variable) all.emplace_back(*variable);
    return all;
}

}  // namespace fleetline::cloud
