// SPDX-License-Identifier: Apache-2.0
// The books, when a run has ended: what the ledger file says against what the cloud handed out and the boards
// hold.
#pragma once

#include <map>
#include <set>
#include <string>

#include "cloud.hpp"
#include "ledger/reader.hpp"
#include "witness.hpp"

namespace fleetline::simulation {

struct order_model {
    std::int64_t quota = 0;
    bool allow_list = false;
    std::set<std::string> serials;  ///< that were ever put on its list
};

/// `held`: the serials of the boards that hold a certificate, by its id. `watching` knows which certificates
/// may be known to nobody.
void check_books(const ledger::reader& from, const std::map<std::string, cloud::certificate>& handed_out,
                 const std::map<std::string, std::string>& held,
                 const std::map<std::string, order_model>& orders, const witness& watching, story& told);

}  // namespace fleetline::simulation
