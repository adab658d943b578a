// SPDX-License-Identifier: Apache-2.0
// The environment's https_proxy and http_proxy: the MQTT library goes by them when it is given no proxy, and
// nobody would know why there is no session. The configuration alone says how the session goes out; programs
// that the station runs (the claim's command, the AWS CLI) keep them.
#pragma once

#include <string>
#include <vector>

namespace fleetline::cloud {

/// Takes them out of this process's environment. In main, before there is a second thread.
void put_proxy_environment_aside();

/// "NAME=value" of every variable, those put aside among them: what a program is to be run with.
std::vector<std::string> environment_for_programs();

}  // namespace fleetline::cloud
