// SPDX-License-Identifier: Apache-2.0
// Thrown by whoever imports serial numbers: these of the list cannot be serial numbers of the order's
// product, and nothing was imported. The API tells them with the numbers of their lines.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/failure.hpp"

namespace fleetline::api {

class unfit_serials : public failure {
  public:
    unfit_serials(std::string order, std::vector<std::size_t> in_the_list)
        : failure("station-request-invalid", "Importing serial numbers", std::move(order),
                  std::to_string(in_the_list.size()) + " of them are none of its product"),
          places(std::move(in_the_list)) {}

    std::vector<std::size_t> places;
};

}  // namespace fleetline::api
