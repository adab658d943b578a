// SPDX-License-Identifier: Apache-2.0
#include "report/columns.hpp"
#include "report/json_text.hpp"
#include "report/writer.hpp"

namespace fleetline::report {

namespace {

struct append_value {
    std::string& to;
    const ledger::attempt_row& from;

    void operator()(text_member which) const { append_json_text(to, from.*which); }
    void operator()(number_member which) const { to += std::to_string(from.*which); }
    void operator()(optional_number_member which) const {
        to += from.*which ? std::to_string(*(from.*which)) : std::string{"\"\""};
    }
    void operator()(optional_truth_member which) const {
        if (!(from.*which)) {
            to += "\"\"";
        } else {
            to += *(from.*which) ? "true" : "false";
        }
    }
};

class jsonl_writer final : public writer {
  public:
    explicit jsonl_writer(output& to) : to_(to) {}

    void row(const ledger::attempt_row& attempt) override {
        line_.clear();
        append_json_line(line_, attempt);
        line_ += '\n';
        to_.write(line_);
    }

    void finish() override {}

  private:
    output& to_;
    std::string line_;
};

}  // namespace

void append_json_line(std::string& to, const ledger::attempt_row& attempt) {
    char before = '{';
    for (const auto& column : columns()) {
        to += before;
        before = ',';
        to += '"';
        to += column.name;
        to += "\":";
        std::visit(append_value{to, attempt}, column.value);
    }
    to += '}';
}

std::unique_ptr<writer> make_jsonl_writer(output& to) {
    return std::make_unique<jsonl_writer>(to);
}

}  // namespace fleetline::report
