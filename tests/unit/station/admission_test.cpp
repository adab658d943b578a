// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "line.hpp"
#include "support/run.hpp"

using namespace fleetline;
using namespace fleetline::test;

namespace {

void open_order(line& one, std::int64_t quota, bool allow_list = false) {
    ledger::order_opened opened;
    opened.order = order_name{"WO-1"};
    opened.product = product_name{"widget"};
    opened.quota = quota;
    opened.by = "test";
    opened.allow_list = allow_list;
    run(one.io, one.book.append(std::move(opened)));
}

}  // namespace

TEST_CASE("a product that needs an order takes no board without one", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db", [](auto& wanted) { wanted.products[0].order_required = true; });
    CHECK(one.attempt(new_board("SN1")).failure_code == "order-none-open");
    open_order(one, 0);
    CHECK(one.attempt(new_board("SN1")).state == station::slot_state::passed);
}

TEST_CASE("a full order takes no more boards", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    open_order(one, 1);
    CHECK(one.attempt(new_board("SN1")).state == station::slot_state::passed);
    const auto second = one.attempt(new_board("SN2"));
    CHECK(second.failure_code == "order-quota-reached");
    CHECK(second.state == station::slot_state::refused);
    CHECK(one.cloud.issue_calls == 1);
}

TEST_CASE("two boards at once do not both take the last place of an order", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    open_order(one, 1);
    one.here.plugged(slot_name{"A1"}, plug_of(new_board("SN1")));
    one.here.plugged(slot_name{"A2"}, plug_of(new_board("SN2")));
    one.until([&] { return one.slot("A1").duration.has_value() && one.slot("A2").duration.has_value(); });
    CHECK(one.cloud.issue_calls <= 1);
}

TEST_CASE("a serial that is not on the order's list is refused", "[station]") {
    temporary_directory directory;
    line one(directory.path / "ledger.db");
    open_order(one, 0, true);
    CHECK(one.attempt(new_board("SN1")).failure_code == "order-not-on-list");
    CHECK(one.cloud.issue_calls == 0);
}
