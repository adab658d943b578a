// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>

#include "config/section.hpp"
#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "core/proxy_address.hpp"

namespace fleetline::config {

namespace {

constexpr std::size_t largest_file = 4UL * 1024 * 1024;

bool is_thing_text(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':' ||
               c == '_' || c == '-';
    });
}

void read_station(section from, station_section& into) {
    from.require("id");
    from.text("id", into.id);
    // AWS: a client id has at most 128 bytes and does not begin with $; ours also names files and MQTT
    // topics.
    if (!into.id.empty() && (!is_thing_text(into.id) || into.id.size() > 64))
        from.complain("id", "use letters, digits, '-', '_' and ':' only, at most 64");
    from.choice("log_level", into.log_level, {"debug", "info", "warning", "error"});
    from.seconds("stop_grace_s", into.stop_grace, 0, 600);
    from.seconds("longest_absence_s", into.longest_absence, 0, 60);
    from.text("operator", into.operator_name);
    from.expression("badge_pattern", into.badge_pattern);
    from.finish();
}

void read_claim(section& from, cloud_section& into, const std::filesystem::path& base) {
    from.choice("claim_source", into.claim_source, {"file", "tpm", "command"});
    const bool by_command = into.claim_source == "command";
    for (const auto* key : {"claim_certificate_file", "claim_key_file"}) {
        if (!by_command) from.require(key);
        if (by_command && from.has(key)) from.complain(key, "is not used when a command fetches the claim");
    }
    from.path("claim_certificate_file", into.claim_certificate_file, base);
    from.path("claim_key_file", into.claim_key_file, base);
    from.list("claim_command", into.claim_command);
    if (by_command && into.claim_command.empty())
        from.complain("claim_command", "is missing: the command that prints a claim");
    from.seconds("claim_command_timeout_s", into.claim_command_timeout, 1, 300);
}

void read_cloud(section from, cloud_section& into, const std::filesystem::path& base) {
    for (const auto* key : {"endpoint", "ca_file"}) from.require(key);
    read_claim(from, into, base);
    from.text("endpoint", into.endpoint);
    if (into.endpoint.find_first_of(":/ ") != std::string::npos)
        from.complain("endpoint", "give the host name only, without scheme or port");
    from.port("port", into.port);
    from.path("ca_file", into.ca_file, base);
    from.choice("mqtt_version", into.mqtt_version, {"3.1.1", "5"});
    from.choice("payload_format", into.payload_format, {"json", "cbor"});
    from.text("proxy", into.proxy);
    if (!into.proxy.empty()) {
        if (const auto proxy = parse_proxy(into.proxy); !proxy)
            from.complain("proxy", "http://[user:password@]host:port is wanted: " + proxy.why_not());
    }
    // AWS: keep-alive is 30 to 1200 s.
    from.seconds("keep_alive_s", into.keep_alive, 30, 1200);
    from.seconds("request_timeout_s", into.request_timeout, 0.1, 300);
    from.seconds("token_lifetime_s", into.token_lifetime, 1, 86400);
    from.integer("window", into.window, 1, 64);
    from.number("create_certificate_rate", into.create_certificate_rate, 0.1, 10000);
    from.number("register_thing_rate", into.register_thing_rate, 0.1, 10000);
    from.finish();
}

void read_product(section from, product_section& into, const std::filesystem::path& base) {
    std::string name;
    from.require("name");
    from.text("name", name);
    into.name = product_name{name};
    from.choice("dialect", into.dialect, {"freertos-cli"});
    from.integer("baud", into.baud, 1200, 4'000'000);
    from.choice("flow_control", into.flow_control, {"none", "rts-cts"});
    from.boolean("dtr", into.dtr);
    from.boolean("rts", into.rts);
    if (into.flow_control == "rts-cts" && from.has("rts"))
        from.complain("rts", "is the driver's with flow_control = \"rts-cts\"");
    from.choice("serial_source", into.serial_source, {"device", "usb", "scan", "range"});
    into.start = into.serial_source == "scan" ? "scan" : "plug";
    from.choice("start", into.start, {"plug", "scan", "both"});
    if (into.serial_source == "scan" && into.start == "plug")
        from.complain("start", "a serial number from the label needs \"scan\" or \"both\"");
    if (into.serial_source == "range" && into.start != "plug")
        from.complain("start",
                      "a serial number from the order is nobody's before the plug: it needs \"plug\"");
    from.integer("failures_allowed", into.failures_allowed, 0, 1000);
    from.expression("serial_pattern", into.serial_pattern);
    from.require("template");
    from.text("template", into.template_name);
    // AWS API model: template names are 1 to 36 of [0-9A-Za-z_-].
    if (!into.template_name.empty() &&
        (!is_thing_text(into.template_name) || into.template_name.size() > 36 ||
         into.template_name.find(':') != std::string::npos))
        from.complain("template", "is no template name: letters, digits, '-' and '_', at most 36");
    from.text("thing_name", into.thing_name);
    if (!into.thing_name.empty() && into.thing_name.find("{serial}") == std::string::npos)
        from.complain("thing_name", "must contain {serial}: every board needs a thing of its own");
    from.text("serial_echo", into.serial_echo);
    from.text("certificate_echo", into.certificate_echo);
    if (!into.certificate_echo.empty() && into.certificate_echo == into.serial_echo)
        from.complain("certificate_echo", "is the same as serial_echo: one key cannot repeat both");
    from.text("common_name", into.common_name);
    if (into.common_name.find("{serial}") == std::string::npos)
        from.complain("common_name", "must contain {serial}");
    from.texts("parameters", into.parameters);
    if (std::none_of(into.parameters.begin(), into.parameters.end(),
                     [](const auto& one) { return one.second.find("{serial}") != std::string::npos; }))
        from.complain("parameters", "one of them must hold {serial}, or the cloud cannot tell boards apart");
    from.boolean("station_signed", into.station_signed);
    from.path("board_ca_file", into.board_ca_file, base);
    from.text("board_endpoint", into.board_endpoint);
    from.port("board_port", into.board_port);
    from.boolean("order_required", into.order_required);
    from.seconds("patience_s", into.patience, 1, 86400);
    from.hex("usb_vendor", into.usb_vendor, 4, 4);
    from.hex("usb_product", into.usb_product, 4, 4);
    from.hex("usb_interface", into.usb_interface, 1, 2);
    from.finish();
}

void read_slot(section from, slot_section& into) {
    std::string name;
    std::string product;
    from.require("name");
    from.require("port");
    from.text("name", name);
    from.text("port", into.port);
    from.hex("interface", into.interface, 1, 2);
    from.text("product", product);
    into.name = slot_name{name};
    into.product = product_name{product};
    from.finish();
}

/// Each `[[key]]` table, read by `read` into a new element of `into`.
template <class Element, class Read>
void read_each(const toml::table& root, std::string_view key, std::vector<Element>& into,
               std::vector<complaint>& complaints, Read read) {
    const toml::node* node = root.get(key);
    if (node == nullptr) return;
    const toml::array* list = node->as_array();
    const auto complain = [&](const toml::node& where) {
        complaints.push_back({where.source().begin.line, where.source().begin.column,
                              "write [[" + std::string(key) + "]] with two brackets: there can be several"});
    };
    if (list == nullptr) return complain(*node);
    for (const toml::node& one : *list) {
        if (!one.is_table()) return complain(one);
        into.emplace_back();
        read(section(one.as_table(), "[[" + std::string(key) + "]]", complaints), into.back());
    }
}

/// Whether some tty could be in both.
bool overlap(const slot_section& a, const slot_section& b) {
    if (!a.interface.empty() && !b.interface.empty() && a.interface != b.interface) return false;
    return a.takes(b.port, a.interface) || b.takes(a.port, b.interface);  // the ports alone: interfaces agree
}

/// What can only be judged when everything has been read.
void check_whole(const toml::table& root, settings& value, std::vector<complaint>& complaints) {
    const auto at = [&root](std::string_view key, std::size_t index) {
        return root.get(key)->as_array()->get(index)->source().begin;
    };
    if (value.products.empty()) complaints.push_back({0, 0, "no [[product]]: say what is being made"});
    for (std::size_t i = 0; i < value.products.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (value.products[i].name == value.products[j].name)
                complaints.push_back(
                    {at("product", i).line, at("product", i).column,
                     "[[product]] name: '" + value.products[i].name.text() + "' is there twice"});
    for (std::size_t i = 0; i < value.slots.size(); ++i) {
        auto& slot = value.slots[i];
        const auto where = at("slot", i);
        for (std::size_t j = 0; j < i; ++j) {
            if (slot.name == value.slots[j].name)
                complaints.push_back(
                    {where.line, where.column, "[[slot]] name: '" + slot.name.text() + "' is there twice"});
            if (overlap(slot, value.slots[j]))
                complaints.push_back(
                    {where.line, where.column, "[[slot]] port: '" + slot.port + "' is there twice"});
        }
        if (slot.product.empty() && value.products.size() == 1) slot.product = value.products.front().name;
        const bool known = std::any_of(value.products.begin(), value.products.end(),
                                       [&slot](const auto& product) { return product.name == slot.product; });
        if (known) continue;
        complaints.push_back({where.line, where.column,
                              slot.product.empty()
                                  ? "[[slot]] product: is missing, and there are several products"
                                  : "[[slot]] product: there is no product '" + slot.product.text() + "'"});
    }
}

/// toml++ 3.3 runs into undefined behaviour at some characters outside of quotes and comments (its table of
/// white space has holes), and none that is not ASCII belongs there: such a text never reaches it.
std::optional<complaint> stray_character(std::string_view text) {
    if (!is_utf8(text)) return complaint{0, 0, "is not UTF-8 text"};
    complaint at{1, 1, "a character that is not ASCII belongs in quotes or in a comment"};
    std::string_view quote;  // the delimiter we are inside of
    bool comment = false;
    for (std::size_t i = 0; i < text.size(); ++i, ++at.column) {
        const char c = text[i];
        const bool long_quote = quote.size() == 3;
        if (c == '\n') {
            ++at.line;
            at.column = 0;
            comment = false;
            if (!long_quote) quote = {};
        } else if (comment) {
            continue;
        } else if (!quote.empty()) {
            if (c == '\\' && quote[0] == '"') {
                ++i;
                ++at.column;
            } else if (text.substr(i, quote.size()) == quote) {
                i += quote.size() - 1;
                at.column += quote.size() - 1;
                quote = {};
            }
        } else if (c == '#') {
            comment = true;
        } else if (c == '"' || c == '\'') {
            const bool three = i + 2 < text.size() && text[i + 1] == c && text[i + 2] == c;
            quote = text.substr(i, three ? 3 : 1);
            i += quote.size() - 1;
            at.column += quote.size() - 1;
        } else if (static_cast<unsigned char>(c) >= 0x80U) {
            return at;
        }
    }
    return std::nullopt;
}

}  // namespace

const product_section& settings::product(const product_name& name) const {
    for (const auto& product : products)
        if (product.name == name) return product;
    throw std::out_of_range("no product '" + name.text() + "'");
}

bool slot_section::takes(std::string_view id_path, std::string_view tty_interface) const {
    if (!interface.empty() && interface != tty_interface) return false;
    if (!id_path.starts_with(port)) return false;
    // udev writes CONFIGURATION.INTERFACE behind the port: "...-usb-0:1.3:1.0".
    const auto rest = id_path.substr(port.size());
    const auto is_number = [](std::string_view digits) {
        return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (rest.empty()) return true;
    const auto dot = rest.find('.');
    return rest.front() == ':' && dot != std::string_view::npos && is_number(rest.substr(1, dot - 1)) &&
           is_number(rest.substr(dot + 1)) && port.find("-usb-") != std::string::npos;
}

loaded parse(std::string_view text, const std::filesystem::path& file) {
    loaded result;
    result.value.source = file;
    result.value.sha256 = sha256_hex(text);
    if (auto stray = stray_character(text)) {
        result.complaints.push_back(std::move(*stray));
        return result;
    }
    toml::table root;
    try {
        root = toml::parse(text, file.string());
    } catch (const toml::parse_error& error) {
        result.complaints.push_back(
            {error.source().begin.line, error.source().begin.column, std::string(error.description())});
        return result;
    } catch (const std::runtime_error& error) {
        result.complaints.push_back({0, 0, error.what()});
        return result;
    }
    const auto base = std::filesystem::absolute(file).parent_path();
    auto& complaints = result.complaints;
    auto& value = result.value;
    section top(&root, "the file's", complaints);
    const auto table = [&](const char* key) {
        const toml::node* node = root.get(key);
        if (node != nullptr && !node->is_table())
            top.complain(key, "must be a table: write [" + std::string(key) + "]");
        return section(node != nullptr ? node->as_table() : nullptr, "[" + std::string(key) + "]",
                       complaints);
    };
    read_station(table("station"), value.station);
    read_cloud(table("cloud"), value.cloud, base);
    auto ledger = table("ledger");
    ledger.path("file", value.ledger.file, base);
    ledger.integer("transcript_days", value.ledger.transcript_days, 0, 36500);
    ledger.path("checkpoint_file", value.ledger.checkpoint_file, base);
    ledger.finish();
    auto api = table("api");
    api.path("socket", value.api.socket, base);
    api.text("listen", value.api.listen);
    api.path("tls_certificate_file", value.api.tls_certificate_file, base);
    api.path("tls_key_file", value.api.tls_key_file, base);
    api.path("page_directory", value.api.page_directory, base);
    api.finish();
    auto usb = table("usb");
    usb.path("directory", value.usb.directory, base);
    usb.finish();
    read_each(root, "product", value.products, complaints,
              [&base](section from, product_section& into) { read_product(std::move(from), into, base); });
    read_each(root, "slot", value.slots, complaints,
              [](section from, slot_section& into) { read_slot(std::move(from), into); });
    for (const auto& [key, node] : root) {
        constexpr std::array known{"station", "cloud", "ledger", "api", "usb", "product", "slot"};
        if (std::find(known.begin(), known.end(), key.str()) == known.end())
            complaints.push_back({key.source().begin.line, key.source().begin.column,
                                  "[" + std::string(key.str()) + "]: is not a known section"});
    }
    check_whole(root, value, complaints);
    std::stable_sort(complaints.begin(), complaints.end(),
                     [](const auto& a, const auto& b) { return a.line < b.line; });
    return result;
}

loaded load(const std::filesystem::path& file) {
    loaded result;
    result.value.source = file;
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    std::ifstream in(file, std::ios::binary);
    if (error || !in) {
        result.complaints.push_back(
            {0, 0, "cannot be read: " + (error ? error.message() : "permission denied")});
        return result;
    }
    if (size > largest_file) {
        result.complaints.push_back({0, 0, "is larger than 4 MiB"});
        return result;
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return parse(text, file);
}

std::string describe(const loaded& result) {
    std::string text;
    for (const auto& what : result.complaints) {
        text += result.value.source.string() + ":";
        if (what.line != 0) text += std::to_string(what.line) + ":" + std::to_string(what.column) + ":";
        text += " " + what.text + "\n";
    }
    return text;
}

settings load_or_throw(const std::filesystem::path& file) {
    loaded result = load(file);
    if (!result.complaints.empty())
        throw failure("station-configuration", "Reading the configuration", file.string(),
                      "\n" + describe(result));
    return std::move(result.value);
}

}  // namespace fleetline::config
