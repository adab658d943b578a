// SPDX-License-Identifier: Apache-2.0
#include "api/serial_list.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/encoding.hpp"

namespace fleetline::api {

namespace {

constexpr std::size_t longest_serial = 128;
constexpr std::size_t most_told = 100;

class gathering {
  public:
    void add(std::int64_t line, std::string serial) {
        if (const auto why = wrong_with(serial); !why.empty()) return complain(line, why);
        const auto [found, is_new] = seen_.try_emplace(serial, line);
        if (!is_new)
            return complain(line,
                            "serial " + serial + " is in line " + std::to_string(found->second) + " already");
        list_.serials.emplace_back(std::move(serial));
        list_.lines.push_back(line);
    }

    void complain(std::int64_t line, std::string why) { list_.complain(line, std::move(why)); }

    serial_list done() {
        if (list_.bad_count == 0 && list_.serials.empty()) complain(1, "the list is empty");
        if (list_.bad_count != 0) list_.serials.clear();
        return std::move(list_);
    }

  private:
    static std::string wrong_with(const std::string& serial) {
        if (serial.empty()) return "there is no serial number";
        if (serial.size() > longest_serial) return "the serial number is longer than 128 characters";
        if (!is_utf8(serial)) return "the serial number is not UTF-8: " + printable(serial, 40);
        const bool clean = std::none_of(serial.begin(), serial.end(), [](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte <= 0x20 || byte == 0x7f;
        });
        return clean ? ""
                     : "the serial number has white space or control characters: " + printable(serial, 40);
    }

    serial_list list_;
    std::unordered_map<std::string, std::int64_t> seen_;
};

/// Calls `each(number, text)` for every line that is not blank, without its end.
template <class Each>
void for_lines(std::string_view body, Each&& each) {
    if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);  // spreadsheets begin with a mark
    for (std::int64_t number = 1; !body.empty(); ++number) {
        const auto end = std::min(body.find('\n'), body.size());
        auto line = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!line.empty()) each(number, line);
    }
}

/// The first cell of a csv line, or nothing: its quotes are wrong.
std::optional<std::string> first_cell(std::string_view line) {
    if (!line.starts_with('"')) return std::string{line.substr(0, line.find_first_of(",;\t"))};
    std::string cell;
    for (std::size_t i = 1; i < line.size(); ++i) {
        if (line[i] != '"') {
            cell += line[i];
        } else if (i + 1 < line.size() && line[i + 1] == '"') {
            cell += line[++i];
        } else {
            return cell;
        }
    }
    return std::nullopt;
}

std::optional<std::string> serial_of(const nlohmann::json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_object()) return std::nullopt;
    const auto found = value.find("serial");
    if (found == value.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

constexpr const char* not_a_serial = "this is neither a text nor an object with a text \"serial\"";

/// "serial", "Serial", "SERIAL_NUMBER", "Serial number", "serial no."
bool is_heading(std::string_view cell) {
    std::string letters;
    for (const char c : cell) {
        if (c >= 'A' && c <= 'Z') letters += static_cast<char>(c + 32);
        if (c >= 'a' && c <= 'z') letters += c;
        if (c >= '0' && c <= '9') return false;
    }
    return letters == "serial" || letters == "serials" || letters == "serialnumber" ||
           letters == "serialnumbers" || letters == "serialno";
}

void read_csv(std::string_view body, gathering& into) {
    bool first = true;
    for_lines(body, [&into, &first](std::int64_t number, std::string_view line) {
        const auto cell = first_cell(line);
        if (!cell) return into.complain(number, "a quote is not closed");
        if (std::exchange(first, false) && is_heading(*cell)) return;
        into.add(number, *cell);
    });
}

void read_jsonl(std::string_view body, gathering& into) {
    for_lines(body, [&into](std::int64_t number, std::string_view line) {
        const auto serial = serial_of(nlohmann::json::parse(line, nullptr, false));
        if (!serial) return into.complain(number, not_a_serial);
        into.add(number, *serial);
    });
}

void read_json(std::string_view body, gathering& into) {
    const auto document = nlohmann::json::parse(body, nullptr, false);
    const auto* list = &document;
    if (document.is_object() && document.contains("serials")) list = &document["serials"];
    if (!list->is_array()) return into.complain(1, "this is not a JSON list");
    std::int64_t number = 0;
    for (const auto& value : *list) {
        const auto serial = serial_of(value);
        ++number;
        if (serial)
            into.add(number, *serial);
        else
            into.complain(number, not_a_serial);
    }
}

}  // namespace

void serial_list::complain(std::int64_t line, std::string why) {
    ++bad_count;
    if (bad.size() < most_told) bad.push_back({line, std::move(why)});
}

void serial_list::complain_of(const std::vector<std::size_t>& misfits) {
    for (const auto at : misfits)
        complain(lines.at(at),
                 "'" + printable(serials.at(at).text(), 64) + "' is no serial number of the order's product");
}

serial_list parse_serial_list(std::string_view type, std::string_view body) {
    gathering found;
    if (type == "text/csv")
        read_csv(body, found);
    else if (type == "application/json")
        read_json(body, found);
    else
        read_jsonl(body, found);
    return found.done();
}

}  // namespace fleetline::api
