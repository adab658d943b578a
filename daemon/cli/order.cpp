// SPDX-License-Identifier: Apache-2.0
// fleetline order: work orders. Looking needs the ledger only, changing needs the daemon.
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include "cli/action.hpp"
#include "cli/command.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace fleetline::cli {

namespace {

constexpr std::size_t largest_list = std::size_t{16} * 1024 * 1024;

struct options {
    std::string order, product, file, first, last;
    std::int64_t quota = 0;
    bool allow_list = false;
};

json to_json(const ledger::order_row& row) {
    return {{"order", row.order},
            {"product", row.product},
            {"quota", row.quota},
            {"passed", row.passed},
            {"allow_list", row.allow_list},
            {"listed", row.listed},
            {"first_serial", row.first_serial},
            {"last_serial", row.last_serial},
            {"last_assigned", row.last_assigned},
            {"next_serial", row.next_serial},
            {"opened_at", row.opened_at},
            {"opened_by", row.opened_by},
            {"closed_at", row.closed_at},
            {"closed_by", row.closed_by}};
}

std::string progress_of(const ledger::order_row& row) {
    return std::to_string(row.passed) + (row.quota > 0 ? " of " + std::to_string(row.quota) : "");
}

/// ", next SN000503" while it is open.
std::string next_of(const ledger::order_row& row) {
    if (!row.closed_at.empty()) return {};
    return row.next_serial.empty() ? ", none left" : ", next " + safe_text(row.next_serial);
}

/// Which serial numbers its boards may have.
std::string serials_of(const ledger::order_row& row) {
    if (!row.first_serial.empty()) return safe_text(row.first_serial) + " to " + safe_text(row.last_serial);
    return row.allow_list ? std::to_string(row.listed) + " listed" : "any";
}

exit_status list(surroundings& here) {
    table rows{here.out,
               {"order", "product", "state", {"passed", align::right}, "serials", "opened (UTC)", "by"}};
    here.ledger().orders([&](const ledger::order_row& row) {
        if (here.wants_json) {
            here.out.line(one_line(to_json(row)));
            return true;
        }
        const bool open = row.closed_at.empty();
        rows.row({safe_text(row.order),
                  safe_text(row.product),
                  {open ? "open" : "closed", open ? ink::good : ink::faint},
                  progress_of(row),
                  serials_of(row) + (row.first_serial.empty() ? "" : next_of(row)),
                  time_text(row.opened_at),
                  safe_text(row.opened_by)});
        return true;
    });
    if (!here.wants_json && rows.finish() == 0) here.out.line(here.out.paint(ink::faint, "No work orders."));
    return exit_status::yes;
}

exit_status show(surroundings& here, const options& asked) {
    bool found = false;
    auto& out = here.out;
    here.ledger().orders([&](const ledger::order_row& row) {
        if (row.order != asked.order) return true;
        found = true;
        if (here.wants_json) {
            out.line(indented(to_json(row)));
            return false;
        }
        const bool open = row.closed_at.empty();
        out.line(out.paint(ink::strong, "Order " + safe_text(row.order)) + "  " +
                 out.paint(open ? ink::good : ink::faint, open ? "open" : "closed"));
        if (!row.product.empty()) out.fact("product", safe_text(row.product));
        out.fact("passed", progress_of(row));
        if (!row.first_serial.empty())
            out.fact("serials",
                     serials_of(row) +
                         (row.last_assigned.empty() ? ", none handed out yet"
                                                    : ", handed out up to " + safe_text(row.last_assigned)) +
                         next_of(row));
        else
            out.fact("serials", row.allow_list ? count_text(row.listed, "on its list", "on its list")
                                               : "any of the product's");
        out.fact("opened", time_text(row.opened_at) + " UTC" +
                               (row.opened_by.empty() ? "" : " by " + safe_text(row.opened_by)));
        if (!open)
            out.fact("closed", time_text(row.closed_at) + " UTC" +
                                   (row.closed_by.empty() ? "" : " by " + safe_text(row.closed_by)));
        return false;
    });
    if (!found)
        throw command_error(exit_status::no, "there is no work order '" + safe_text(asked.order) + "'");
    return exit_status::yes;
}

exit_status open(surroundings& here, const options& asked) {
    json body{{"order", asked.order}, {"quota", asked.quota}, {"allow_list", asked.allow_list}};
    if (!asked.product.empty()) body["product"] = asked.product;
    if (!asked.first.empty()) body["first_serial"] = asked.first;
    if (!asked.last.empty()) body["last_serial"] = asked.last;
    const auto answer = ask_daemon(here, "/api/v1/orders", body);
    return say_done(here, answer, "order " + safe_text(asked.order) + " is open");
}

exit_status close(surroundings& here, const options& asked) {
    const auto answer =
        ask_daemon(here, "/api/v1/orders/" + percent_encoded(asked.order) + "/close", json::object());
    return say_done(here, answer, "order " + safe_text(asked.order) + " is closed");
}

std::string list_in(const std::string& file) {
    std::ifstream from{file, std::ios::binary};
    std::string text{std::istreambuf_iterator<char>{from}, {}};
    if (!from && !from.eof())
        throw command_error(exit_status::usage, "cannot read " + file + ": " + std::strerror(errno));
    if (text.size() > largest_list) throw command_error(exit_status::usage, file + " is longer than 16 MiB");
    return text;
}

exit_status import(surroundings& here, const options& asked) {
    const auto text = list_in(asked.file);
    const std::string_view type = asked.file.ends_with(".jsonl")  ? "application/jsonl"
                                  : asked.file.ends_with(".json") ? "application/json"
                                                                  : "text/csv";
    const auto answer =
        ask_daemon(here, "/api/v1/orders/" + percent_encoded(asked.order) + "/serials", text, type);
    const auto count = answer.value("serials", std::int64_t{0});
    return say_done(
        here, answer,
        count_text(count, "serial number", "serial numbers") + " allowed by order " + safe_text(asked.order));
}

}  // namespace

void add_order(words& parent) {
    auto word = parent.word("order", "Look at work orders, open and close them");
    auto asked = std::make_shared<options>();
    word.word("list", "List the work orders, newest first").does(list);
    auto one = word.word("show", "Show one work order");
    one.argument("ORDER", asked->order, "Its name");
    one.does([asked](surroundings& here) { return show(here, *asked); });
    auto opening = word.word("open", "Open a work order (needs the daemon)");
    opening.argument("ORDER", asked->order, "Its name");
    opening.option("--product", asked->product, "What is made, if the station makes several things", "NAME");
    opening.number("--quota", asked->quota, "How many boards may pass, 0 for any number");
    opening.flag("--allow-list", asked->allow_list, "Only serial numbers that are imported");
    opening.option("--first", asked->first, "The first serial number that the order hands out", "SERIAL");
    opening.option("--last", asked->last, "The last one", "SERIAL");
    opening.does([asked](surroundings& here) { return open(here, *asked); });
    auto closing = word.word("close", "Close a work order (needs the daemon)");
    closing.argument("ORDER", asked->order, "Its name");
    closing.does([asked](surroundings& here) { return close(here, *asked); });
    auto importing = word.word("import", "Import the serial numbers that an order allows (needs the daemon)");
    importing.argument("ORDER", asked->order, "Its name");
    importing.argument("FILE", asked->file,
                       "csv (first column), json or jsonl; all of it or nothing is taken");
    importing.does([asked](surroundings& here) { return import(here, *asked); });
}

}  // namespace fleetline::cli
