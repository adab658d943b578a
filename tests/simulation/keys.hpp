// SPDX-License-Identifier: Apache-2.0
// The key pairs that boards make, as requests. Making one takes longer than all else that a board does, so
// that they are numbered: a number and a name are the same request in every day, made when first asked for.
#pragma once

#include <cstdint>
#include <string>

#include "dice.hpp"
#include "x509/x509.hpp"

namespace fleetline::simulation {

/// One day's: no key comes twice.
class keys {
  public:
    explicit keys(dice& chance) : next_(static_cast<std::uint64_t>(chance.below(16))) {}

    const x509::csr& make(const std::string& name);

  private:
    std::uint64_t next_;
};

/// What a request (PEM) says, whoever made it.
const x509::csr& request_in(const std::string& pem);

}  // namespace fleetline::simulation
