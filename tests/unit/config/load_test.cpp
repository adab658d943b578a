// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

using namespace fleetline;

namespace {

const std::string good = R"([station]
id = "line-1"
[cloud]
endpoint = "localhost"
ca_file = "cloud/ca.pem"
claim_certificate_file = "cloud/claim.pem"
claim_key_file = "/abs/claim.key"
[[product]]
name = "thermo"
template = "thermo-template"
[[slot]]
name = "A1"
port = "usb-1"
)";

std::string complaints_of(const std::string& text) {
    return config::describe(config::parse(text, "/etc/f/fleetline.toml"));
}

std::string with(const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("a configuration is read, relative paths from its own directory", "[config]") {
    const auto result = config::parse(good, "/etc/f/fleetline.toml");

    REQUIRE(config::describe(result).empty());
    CHECK(result.value.station.id == "line-1");
    CHECK(result.value.cloud.ca_file == "/etc/f/cloud/ca.pem");
    CHECK(result.value.cloud.claim_key_file == "/abs/claim.key");
    CHECK(result.value.slots.at(0).product == product_name{"thermo"});  // the only product
    CHECK(result.value.product(product_name{"thermo"}).template_name == "thermo-template");
}

TEST_CASE("a mistake is told with line, column and what to do", "[config]") {
    CHECK(complaints_of(with("id = \"line-1\"", "id = 7")) ==
          "/etc/f/fleetline.toml:2:6: [station] id: must be a text in quotes\n");
    CHECK(complaints_of(with("ca_file", "cafile")) ==
          "/etc/f/fleetline.toml:3:1: [cloud] ca_file: is missing\n"
          "/etc/f/fleetline.toml:5:1: [cloud] cafile: is not a known key; did you mean 'ca_file'?\n");
    CHECK(complaints_of(with("\"localhost\"", "\"https://x:8883\"")) ==
          "/etc/f/fleetline.toml:4:12: [cloud] endpoint: give the host name only, without scheme or port\n");
    CHECK(complaints_of(with("[[slot]]", "[slot]")).find("write [[slot]] with two brackets") !=
          std::string::npos);
    CHECK(complaints_of(with("[[slot]]", "[network]\nx=1\n[[slot]]"))
              .find("[network]: is not a known section") != std::string::npos);
}

TEST_CASE("values out of their range are refused", "[config]") {
    const auto line = GENERATE(
        "keep_alive_s = 29", "keep_alive_s = 1201", "window = 0", "window = 65", "port = 0", "port = 65536",
        "request_timeout_s = -1", "request_timeout_s = nan", "mqtt_version = \"4\"",
        "create_certificate_rate = 0", "window = 1.5", "port = \"8883\"", "payload_format = \"xml\"");
    CAPTURE(line);
    CHECK(complaints_of(with("[[product]]", std::string(line) + "\n[[product]]")) != "");
}

TEST_CASE("a claim that a command fetches needs the command and no files", "[config]") {
    std::string text = good;
    text.replace(text.find("claim_certificate_file"),
                 text.find("[[product]]") - text.find("claim_certificate_file"),
                 "claim_source = \"command\"\nclaim_command = [\"aws\", \"iot\"]\n");
    const auto result = config::parse(text, "/etc/f/fleetline.toml");
    REQUIRE(config::describe(result).empty());
    CHECK(result.value.cloud.claim_command == std::vector<std::string>{"aws", "iot"});

    CHECK(
        complaints_of(with("[[product]]", "claim_source = \"command\"\n[[product]]")) ==
        "/etc/f/fleetline.toml:3:1: [cloud] claim_command: is missing: the command that prints a claim\n"
        "/etc/f/fleetline.toml:6:26: [cloud] claim_certificate_file: is not used when a command fetches the "
        "claim\n"
        "/etc/f/fleetline.toml:7:18: [cloud] claim_key_file: is not used when a command fetches the claim\n");
    CHECK(complaints_of(with("[[product]]", "claim_command = [7]\n[[product]]")) ==
          "/etc/f/fleetline.toml:8:17: [cloud] claim_command: must be a list of texts in quotes\n");
    CHECK(complaints_of(with("[[product]]", "claim_source = \"disk\"\n[[product]]")) != "");
}

TEST_CASE("what would mix boards up is refused", "[config]") {
    const auto line = GENERATE("thing_name = \"always-the-same\"", "common_name = \"board\"",
                               "serial_pattern = \"[\"", "parameters = { Color = \"red\" }",
                               "template = \"no spaces\"", "serial_echo = \"x\"\ncertificate_echo = \"x\"");
    CAPTURE(line);
    std::string text = good;
    if (std::string(line).rfind("template", 0) == 0) text.replace(text.find("template = "), 28, "");
    text.insert(text.find("[[slot]]"), std::string(line) + "\n");
    CHECK(complaints_of(text) != "");
}

TEST_CASE("a proxy that could not be gone through is told, and its password is not", "[config]") {
    const auto with = [](const std::string& url) {
        std::string text = good;
        return complaints_of(text.insert(text.find("[[product]]"), "proxy = \"" + url + "\"\n"));
    };
    CHECK(with("http://line:p%40ss@proxy.local:3128") == "");
    CHECK(with("https://line:s3cret@proxy.local:3128").find("it must begin with http://") !=
          std::string::npos);
    CHECK(with("http://line:s3cret%@proxy.local:3128").find("%25") != std::string::npos);
    CHECK(with("http://line:s3cret%@proxy.local:3128").find("s3cret") == std::string::npos);
}

TEST_CASE("every complaint comes at once", "[config]") {
    CHECK(config::parse("[station]\nid = 1\n[cloud]\nport = 0\nwindow = 99\n", "f.toml").complaints.size() >=
          8);
}

TEST_CASE("slots and products are told apart by name and port", "[config]") {
    CHECK(complaints_of(good + "[[slot]]\nname = \"A1\"\nport = \"usb-2\"\n").find("'A1' is there twice") !=
          std::string::npos);
    CHECK(
        complaints_of(good + "[[slot]]\nname = \"A2\"\nport = \"usb-1\"\n").find("'usb-1' is there twice") !=
        std::string::npos);
    CHECK(complaints_of(good + "product = \"radio\"\n").find("there is no product 'radio'") !=
          std::string::npos);
}

TEST_CASE("a slot's port is udev's ID_PATH, with or without the interface at its end", "[config]") {
    config::slot_section slot;
    slot.port = "pci-0000:00:14.0-usb-0:1.1";
    CHECK(slot.takes("pci-0000:00:14.0-usb-0:1.1", "00"));
    CHECK(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.0", "00"));
    CHECK(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.12", "0c"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.12:1.0", "00"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.1.2:1.0", "00"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.1:1", "00"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.0x", "00"));
    CHECK_FALSE(slot.takes("", ""));
    slot.interface = "02";
    CHECK(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.2", "02"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.0", "00"));
    slot.interface.clear();
    slot.port = "pci-0000:00:14.0-usb-0:1.1:1.0";
    CHECK(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.0", "00"));
    CHECK_FALSE(slot.takes("pci-0000:00:14.0-usb-0:1.1:1.2", "02"));
    slot.port = "pci-0000";  // no USB port: its ":00.…" is no interface
    CHECK_FALSE(slot.takes("pci-0000:00.0", "00"));
}

TEST_CASE("USB ids are written as udev writes them, however they are spelled", "[config]") {
    const auto result = config::parse(
        with("[[slot]]", "usb_vendor = \"10C4\"\nusb_product = \"EA60\"\nusb_interface = \"C\"\n[[slot]]") +
            "interface = \"2\"\n",
        "/etc/f/fleetline.toml");
    REQUIRE(config::describe(result).empty());
    CHECK(result.value.products.at(0).usb_vendor == "10c4");
    CHECK(result.value.products.at(0).usb_product == "ea60");
    CHECK(result.value.products.at(0).usb_interface == "0c");
    CHECK(result.value.slots.at(0).interface == "02");
}

TEST_CASE("what is no USB id is told with its key", "[config]") {
    const auto told = [](const std::string& line) {
        return complaints_of(with("[[slot]]", line + "\n[[slot]]"));
    };
    CHECK(told("usb_vendor = \"0x10c4\"") ==
          "/etc/f/fleetline.toml:11:14: [[product]] usb_vendor: '0x10c4' must be 4 hexadecimal digits, "
          "without 0x\n");
    CHECK(told("usb_product = \"403\"").find("usb_product: '403' must be 4 hex") != std::string::npos);
    CHECK(told("usb_product = \"wxyz\"").find("usb_product: 'wxyz' must be") != std::string::npos);
    CHECK(told("usb_interface = \"002\"").find("usb_interface: '002' must be 1 to 2 hex") !=
          std::string::npos);
    CHECK(complaints_of(good + "interface = \"if2\"\n").find("[[slot]] interface: 'if2' must be") !=
          std::string::npos);
}

TEST_CASE("a file may be a credential that systemd hands to the service", "[config]") {
    const auto key_file = [](const std::string& written) {
        const auto found = config::parse(with("/abs/claim.key", written), "/etc/f/fleetline.toml");
        REQUIRE(found.complaints.empty());
        return found.value.cloud.claim_key_file.string();
    };
    const std::string credential = "$CREDENTIALS_DIRECTORY/claim.key";
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(key_file(credential) == "/run/credentials/fleetlined.service/claim.key");
    ::setenv("CREDENTIALS_DIRECTORY", "/run/credentials/other", 1);
    CHECK(key_file(credential) == "/run/credentials/other/claim.key");
    CHECK(key_file("$CREDENTIALS_DIRECTORY.key") == "/etc/f/$CREDENTIALS_DIRECTORY.key");
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("DTR, RTS and flow control are a product's", "[config]") {
    const auto with_lines = [](const std::string& lines) {
        return config::parse(with("[[product]]", "[[product]]\n" + lines), "f.toml");
    };
    const auto chosen = with_lines("dtr = false\nrts = false");
    REQUIRE(chosen.complaints.empty());
    CHECK_FALSE(chosen.value.products.at(0).dtr);
    CHECK_FALSE(chosen.value.products.at(0).rts);
    const auto flowing = with_lines("flow_control = \"rts-cts\"\ndtr = false");
    REQUIRE(flowing.complaints.empty());
    CHECK(flowing.value.products.at(0).flow_control == "rts-cts");
    CHECK(config::describe(with_lines("flow_control = \"xon\"")).find("flow_control") != std::string::npos);
    CHECK(config::describe(with_lines("flow_control = \"rts-cts\"\nrts = true")).find("is the driver's") !=
          std::string::npos);
}

TEST_CASE("two slots at one port are told, unless their interfaces keep them apart", "[config]") {
    const auto with = [](const std::string& first, const std::string& second) {
        return complaints_of(good + "[[slot]]\nname = \"B1\"\n" + first + "[[slot]]\nname = \"B2\"\n" +
                             second);
    };
    const std::string port = "port = \"pci-0-usb-0:3\"\n";
    const std::string whole = "port = \"pci-0-usb-0:3:1.0\"\n";
    CHECK(with(port, whole).find("is there twice") != std::string::npos);
    CHECK(with(whole, port).find("is there twice") != std::string::npos);
    CHECK(with(port, port + "interface = \"00\"\n").find("is there twice") != std::string::npos);
    CHECK(with(port + "interface = \"02\"\n", port + "interface = \"00\"\n").empty());
    CHECK(with(whole, "port = \"pci-0-usb-0:3:1.2\"\n").empty());
}

TEST_CASE("what is no TOML is told with its place", "[config]") {
    CHECK(complaints_of("[station\nid = 1\n").find("fleetline.toml:1:9: ") != std::string::npos);
}

TEST_CASE("characters that are not ASCII are fine in texts and comments, and refused elsewhere", "[config]") {
    CHECK(complaints_of(good + "[usb]\n# 線路\ndirectory = \"線路\"\n").empty());
    CHECK(complaints_of("[usb]\n  caf\u00e9 = 1\n") ==
          "/etc/f/fleetline.toml:2:6: a character that is not ASCII belongs in quotes or in a comment\n");
    CHECK(complaints_of("a = \"\xff\"\n") == "/etc/f/fleetline.toml: is not UTF-8 text\n");
}

TEST_CASE("random bytes never crash the loader", "[config]") {
    std::uint32_t state = 12345;
    for (int round = 0; round < 2000; ++round) {
        std::string text = good;
        for (int i = 0; i < 8; ++i) {
            state = state * 1664525U + 1013904223U;
            text[(state >> 8U) % text.size()] = static_cast<char>(state >> 24U);
        }
        (void)config::parse(text, "f.toml");
    }
    CHECK(config::parse(std::string(100'000, '['), "f.toml").complaints.size() == 1);
}

TEST_CASE("the shipped example is valid, and every default it shows is the real one", "[config]") {
    const std::string text = read(FLEETLINE_SOURCE_DIR "/config/fleetline.toml");
    const auto as_shipped = config::parse(text, "/etc/fleetline/fleetline.toml");
    REQUIRE(config::describe(as_shipped).empty());
    const auto shown = config::parse(std::regex_replace(text, std::regex("(^|\n)#([a-z_]+ = )"), "$1$2"),
                                     "/etc/fleetline/fleetline.toml");
    // Shown with 0 or "" for "not set": those keys do not take the value they show.
    std::string left;
    for (const auto& what : shown.complaints)
        if (what.text.find("board_port") == std::string::npos) left += what.text + "\n";
    REQUIRE(left.empty());

    const auto& a = as_shipped.value;
    const auto& b = shown.value;
    CHECK(a.station.log_level == b.station.log_level);
    CHECK(a.station.stop_grace == b.station.stop_grace);
    CHECK(a.station.longest_absence == b.station.longest_absence);
    CHECK(a.cloud.port == b.cloud.port);
    CHECK(a.cloud.mqtt_version == b.cloud.mqtt_version);
    CHECK(a.cloud.payload_format == b.cloud.payload_format);
    CHECK(a.cloud.claim_source == b.cloud.claim_source);
    CHECK(a.cloud.claim_command == b.cloud.claim_command);
    CHECK(a.cloud.claim_command_timeout == b.cloud.claim_command_timeout);
    CHECK(a.cloud.keep_alive == b.cloud.keep_alive);
    CHECK(a.cloud.request_timeout == b.cloud.request_timeout);
    CHECK(a.cloud.token_lifetime == b.cloud.token_lifetime);
    CHECK(a.cloud.window == b.cloud.window);
    CHECK(a.cloud.create_certificate_rate == b.cloud.create_certificate_rate);
    CHECK(a.cloud.register_thing_rate == b.cloud.register_thing_rate);
    CHECK(a.ledger.file == b.ledger.file);
    CHECK(a.ledger.transcript_days == b.ledger.transcript_days);
    CHECK(a.api.socket == b.api.socket);
    const auto& p = a.products.at(0);
    const auto& q = b.products.at(0);
    CHECK(p.dialect == q.dialect);
    CHECK(p.baud == q.baud);
    CHECK(p.flow_control == q.flow_control);
    CHECK(p.dtr == q.dtr);
    CHECK(p.rts == q.rts);
    CHECK(p.serial_source == q.serial_source);
    CHECK(p.serial_pattern == q.serial_pattern);
    CHECK(p.common_name == q.common_name);
    CHECK(p.order_required == q.order_required);
    CHECK(p.patience == q.patience);
    CHECK(p.parameters == q.parameters);
}
