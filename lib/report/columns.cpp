// SPDX-License-Identifier: Apache-2.0
#include "report/columns.hpp"

#include <array>

namespace fleetline::report {

namespace {

using row = ledger::attempt_row;

constexpr std::array table{
    column{"attempt_id", &row::attempt_id},
    column{"station", &row::station},
    column{"slot", &row::slot},
    column{"serial", &row::serial},
    column{"serial_source", &row::serial_source},
    column{"product", &row::product},
    column{"order", &row::order},
    column{"operator", &row::operator_name},
    column{"dialect", &row::dialect},
    column{"firmware_version", &row::firmware_version},
    column{"started_at", &row::started_at},
    column{"finished_at", &row::finished_at},
    column{"duration_ms", &row::duration_ms},
    column{"outcome", &row::outcome},
    column{"failure_code", &row::failure_code},
    column{"failure_step", &row::failure_step},
    column{"thing_name", &row::thing_name},
    column{"certificate_id", &row::certificate_id},
    column{"certificate_sha256", &row::certificate_sha256},
    column{"certificate_not_after", &row::certificate_not_after},
    column{"public_key_sha256", &row::public_key_sha256},
    column{"key_origin", &row::key_origin},
    column{"proof", &row::proof},
    column{"replaces_certificate_id", &row::replaces_certificate_id},
    column{"template", &row::template_name},
    column{"clock_synchronised", &row::clock_synchronised},
    column{"event_seq", &row::event_seq},
    column{"event_hash", &row::event_hash},
};

struct to_text {
    const row& from;

    std::string operator()(text_member which) const { return from.*which; }
    std::string operator()(number_member which) const { return std::to_string(from.*which); }
    std::string operator()(optional_number_member which) const {
        return from.*which ? std::to_string(*(from.*which)) : std::string{};
    }
    std::string operator()(optional_truth_member which) const {
        if (!(from.*which)) return {};
        return *(from.*which) ? "true" : "false";
    }
};

}  // namespace

std::span<const column> columns() {
    return table;
}

std::string cell_text(const column& which, const ledger::attempt_row& from) {
    return std::visit(to_text{from}, which.value);
}

}  // namespace fleetline::report
