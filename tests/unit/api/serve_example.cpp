// SPDX-License-Identifier: Apache-2.0
// serve_example CERTIFICATE KEY [GROUP]: the API with a station and a ledger to ask about, on a Unix socket and with
// TLS on every address. Says where, as a line of JSON, and serves until its input ends.
#include <cstdio>
#include <iostream>

#include "api/routes.hpp"
#include "api/token_store.hpp"
#include "support/line_story.hpp"
#include "unit/api/api_line.hpp"

using namespace fleetline;
using namespace fleetline::api;

namespace {

void offer_everything(providers& to) {
    to.scan = [](serial_number, slot_name, caller) -> boost::asio::awaitable<slot_name> {
        co_return slot_name{"A1"};
    };
    to.sign_on = [](std::string, caller) -> boost::asio::awaitable<void> { co_return; };
    to.retry = [](slot_name, caller) -> boost::asio::awaitable<void> { co_return; };
    to.rework = [](serial_number, std::string, caller) -> boost::asio::awaitable<void> { co_return; };
    to.open_order = [](order_opening, caller) -> boost::asio::awaitable<void> { co_return; };
    to.close_order = [](order_name, caller) -> boost::asio::awaitable<void> { co_return; };
    to.import_serials = [](order_name, std::vector<serial_number>, sent_list,
                           caller) -> boost::asio::awaitable<void> { co_return; };
}

void tell_of_a_board(station::station_status& now) {
    now.orders.push_back({order_name{"WO-17"}, product_name{"sensor"}, 100, 2, "SN0001", "SN0100", "SN0003"});
    now.outcomes["passed"] = 2;
    now.failure_codes["device-no-answer"] = 1;
    auto& slot = now.slots[0];
    slot.plugged = true;
    slot.state = station::slot_state::failed;
    slot.at = station::step::deliver;
    slot.since = utc_time{milliseconds{1'764'000'000'000}};
    slot.failure_code = "device-no-answer";
    slot.duration = milliseconds{1234};
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3 && count != 4) return 2;
    nlohmann::json where;
    api::test::line here{[&](settings& wanted) {
                             if (count == 4) wanted.socket_group = arguments[3];
                             wanted.listen = "0.0.0.0:0";
                             wanted.tls_certificate_file = arguments[1];
                             wanted.tls_key_file = arguments[2];
                             wanted.token_file = wanted.socket.parent_path() / "tokens";
                             fleetline::test::line_story story{wanted.ledger_file, "station-1"};
                             fleetline::test::tell_a_day(story);
                             token_store tokens{wanted.token_file};
                             for (const role which : {role::operator_role, role::engineer, role::auditor})
                                 where["tokens"][std::string{to_text(which)}] =
                                     tokens.make(to_text(which), which, utc_time{});
                         },
                         offer_everything};
    here.change(tell_of_a_board);
    where["socket"] = here.wanted.socket.string();
    where["port"] = here.port();
    for (const auto& one : routes()) {
        nlohmann::json route{{"verb", one.verb}, {"path", one.pattern}, {"roles", nlohmann::json::array()}};
        for (const role which : {role::operator_role, role::engineer, role::auditor})
            if (one.who.has(which)) route["roles"].push_back(to_text(which));
        where["routes"].push_back(route);
    }
    std::cout << where.dump() << std::endl;
    while (std::getchar() != EOF) {
    }
}
