// SPDX-License-Identifier: Apache-2.0
// A small CA for tests: certificates for the public key of a request, with whatever is wrong about them on
// demand.
#pragma once

#include <memory>
#include <string>

#include "core/time.hpp"

namespace fleetline::test {

class certificate_maker {
  public:
    certificate_maker();
    ~certificate_maker();

    /// PEM, for the key and subject of the request (PEM).
    std::string issue(const std::string& csr_pem,
                      std::chrono::days valid_for = std::chrono::days{3650}) const;
    /// As if it were that time.
    std::string issue_at(utc_time now, const std::string& csr_pem,
                         std::chrono::days valid_for = std::chrono::days{3650}) const;

    std::string ca_pem() const;

  private:
    struct authority;
    std::unique_ptr<authority> ca_;
};

}  // namespace fleetline::test
