// SPDX-License-Identifier: Apache-2.0
// The far side of the session in tests: a client of the broker that gets every provisioning request and
// answers as its script says. The script runs on the client's own thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "workshop.hpp"

namespace fleetline::tests {

struct message {
    std::string topic;
    std::string payload;
};

class scripted_cloud {
  public:
    /// What is published in answer to one request, in that order.
    using script = std::function<std::vector<message>(const message& request)>;

    scripted_cloud(std::uint16_t port, script answers);
    ~scripted_cloud();
    scripted_cloud(const scripted_cloud&) = delete;
    scripted_cloud& operator=(const scripted_cloud&) = delete;

    void publish(const message& sent);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

/// A well-behaved cloud: signs CSRs, makes thing "board-SERIAL" of parameter SerialNumber and repeats the
/// serial in DeviceConfiguration.
class honest_answers {
  public:
    honest_answers();
    std::vector<message> operator()(const message& request) const;
    message create(const message& request) const;
    /// `certificate`: its id is repeated too.
    static message register_thing(const message& request, const std::string& certificate = {});
    static message reject(const message& request, int status, const std::string& error,
                          const std::string& words);

  private:
    std::shared_ptr<EVP_PKEY> key_;
};

bool is_create(const message& request);
/// The serial that a RegisterThing request names.
std::string serial_in(const message& request);
std::string csr_in(const message& request);
/// A CreateCertificateFromCsr answer's payload.
std::string certificate_payload(const std::string& pem, const std::string& id);

}  // namespace fleetline::tests
