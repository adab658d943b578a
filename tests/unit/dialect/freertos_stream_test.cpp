// SPDX-License-Identifier: Apache-2.0
#include "dialect/freertos_stream.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "unit/dialect/capture.hpp"

using fleetline::dialect::freertos_item;
using fleetline::dialect::freertos_stream;
using fleetline::test::capture;
using kind = freertos_item::kind;

namespace {

std::string shown(const freertos_item& item) {
    switch (item.what) {
        case kind::line:
            return "[" + item.text + "]";
        case kind::prompt:
            return "> ";
        case kind::log:
            return "";
        case kind::too_long:
            return "TOO LONG";
    }
    return "?";
}

/// Lines in brackets, prompts as they are, log lines left out.
std::string take_all(freertos_stream& stream) {
    std::string all;
    while (const auto item = stream.next()) all += shown(*item);
    return all;
}

std::string understood(std::string_view bytes) {
    freertos_stream stream;
    stream.feed(bytes);
    return take_all(stream);
}

std::string logs_of(std::string_view bytes) {
    freertos_stream stream;
    stream.feed(bytes);
    std::string all;
    while (const auto item = stream.next())
        if (item->what == kind::log) all += item->text + "|";
    return all;
}

}  // namespace

TEST_CASE("the console is understood the same in whatever pieces its bytes come") {
    const auto name = GENERATE(from_range(fleetline::test::capture_names()));
    INFO(name);
    const auto conversation = capture::load(name);
    const auto whole = understood(conversation.from_board());
    CHECK(whole.find("TOO LONG") == std::string::npos);

    freertos_stream as_captured;
    std::string text;
    for (const auto& piece : conversation.pieces) {
        if (piece.from_board) as_captured.feed(piece.bytes);
        text += take_all(as_captured);
    }
    CHECK(text == whole);

    freertos_stream byte_by_byte;
    text.clear();
    for (const char c : conversation.from_board()) {
        byte_by_byte.feed({&c, 1});
        text += take_all(byte_by_byte);
    }
    CHECK(text == whole);

    std::minstd_rand random(7);
    freertos_stream in_random_pieces;
    text.clear();
    const auto bytes = conversation.from_board();
    for (std::size_t at = 0; at < bytes.size();) {
        const auto size = std::min<std::size_t>(bytes.size() - at, 1 + random() % 40);
        in_random_pieces.feed({bytes.data() + at, size});
        text += take_all(in_random_pieces);
        at += size;
    }
    CHECK(text == whole);
}

TEST_CASE("no log line is taken for an answer, however many there are") {
    const auto name = GENERATE("06-async-log-interleave", "07-log-flood");
    const auto text = understood(capture::load(name).from_board());
    CHECK(text.find("MQTTAgent") == std::string::npos);
    CHECK(text.find("<") == std::string::npos);
    CHECK(text.find("[conf get]") != std::string::npos);
    CHECK(text.find("[mqtt_port=8883]") != std::string::npos);
}

TEST_CASE("a chatty board's key, request and certificate come through whole") {
    const auto chatty = capture::load("06-async-log-interleave");
    const auto answers = chatty.answers();
    CHECK(understood(answers.at("pki generate key").front())
              .find("[Public Key Label: tls_key_pub]"
                    "[-----BEGIN PUBLIC KEY-----]") != std::string::npos);
    CHECK(
        understood(chatty.from_board()).find("> [conf set thing_name SN000777][thing_name=\"SN000777\"]> ") !=
        std::string::npos);
}

TEST_CASE("a half-typed line that a log line pushes aside is read once") {
    CHECK(understood("> conf s\r\x1b[K<ERR>     1005 [MQTTAgent ] failed (main.c:1)\r\n> conf set x\r\n") ==
          "> > [conf set x]");
}

TEST_CASE("a log line in the middle of an unfinished line leaves the line whole") {
    CHECK(understood("Resetting device.<INF>     2142 [cli       ] Could not open. (pal.c:79)\r\n\r\n") ==
          "[Resetting device.]");
    CHECK(understood("MFkwEwYHKo<INF>  1 [a         ] b (c:1)\r\nZIzj0CAQ\r\n") == "[MFkwEwYHKoZIzj0CAQ]");
}

TEST_CASE("log lines cut short are still log lines") {
    CHECK(understood("> \r\x1b[K<INF>      17\r\n> ") == "> > ");
    CHECK(understood("> \r\x1b[K<INF> \r\n> ") == "> > ");
    CHECK(understood("> \r\x1b[K<IN\r\n> ") == "> > ");
}

TEST_CASE("every level is a log level, those of no document too") {
    const std::string level = GENERATE("ERR", "WRN", "INF", "DBG", "SYS", "ASR", "KRN", "XYZ");
    CHECK(understood("<" + level + ">        0 [None      ] text (file.c:1)\r\nanswer\r\n") == "[answer]");
    CHECK(logs_of("<" + level + "> 0 [None] text\r\n") == "<" + level + "> 0 [None] text|");
}

TEST_CASE("what only looks like a log line is kept") {
    CHECK(understood("conf get <key>\r\n<b>\r\n<<INF>x\r\n") == "[conf get <key>][<b>][<<INF>x]");
}

TEST_CASE("a NUL in an answer is left out") {
    using namespace std::string_view_literals;
    CHECK(understood("Public Key Label: tls_key_pub\0\r\n"sv) == "[Public Key Label: tls_key_pub]");
}

TEST_CASE("a prompt is found at the start of a line and behind a message without line end") {
    CHECK(understood("> ") == "> ");
    CHECK(understood("ERROR: Failed to parse public key.> ") == "[ERROR: Failed to parse public key.]> ");
    CHECK(understood("--<arg_name> <value>\r\n") == "[--<arg_name> <value>]");
    CHECK(understood("> > > uptime\r\n") == "> > > [uptime]");
}

TEST_CASE("backspaces and other escape sequences do not break a line") {
    CHECK(understood("upx\b \btime\r\n") == "[uptime]");
    CHECK(understood("\x1b[Aup\x1b[31mtime\x1b[0m\r\n") == "[uptime]");
    CHECK(understood("\x1bxup\r\n") == "[xup]");
}

TEST_CASE("a line or a log line without end is told once it is longer than any the firmware writes") {
    freertos_stream stream;
    stream.feed(std::string(4000, 'x'));
    CHECK(take_all(stream) == "TOO LONG");
    freertos_stream log;
    log.feed("<INF> 1 " + std::string(100'000, 'x'));
    CHECK(take_all(log) == "TOO LONG");
    log.feed("\r\n> ");
    CHECK(take_all(log) == "> ");
}

TEST_CASE("a hundred thousand random inputs do no harm and pile up nothing") {
    std::mt19937 random(20261124);
    const std::vector<std::string> words{"> ",      "\r\n", "\r\x1b[K", "<INF> ",      "<ERR>  12 [a] b\r\n",
                                         "\x1b",    "<",    "\b",       "conf get",    "-----BEGIN ",
                                         "<SY",     "\r",   "\x1b[",    "\x1b[99999;", "Reset Source:",
                                         "uptime>", "\n\n"};
    freertos_stream lasting;
    for (int i = 0; i < 100'000; ++i) {
        std::string bytes;
        const auto parts = random() % 12;
        for (unsigned part = 0; part < parts; ++part) {
            if (random() % 3 == 0)
                for (auto n = random() % 40; n > 0; --n) bytes += static_cast<char>(random());
            else
                bytes += words[random() % words.size()];
        }
        if (random() % 1000 == 0) bytes += std::string(random() % 10'000, static_cast<char>(random()));
        lasting.feed(bytes);
        while (const auto item = lasting.next())
            if (item->text.size() > 2100) FAIL("an item of " << item->text.size() << " bytes");
    }
    lasting.feed("\n\n\x1b[K");
    take_all(lasting);
    lasting.feed("uptime\r\n");
    CHECK(take_all(lasting) == "[uptime]");
}
