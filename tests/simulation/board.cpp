// SPDX-License-Identifier: Apache-2.0
#include "board.hpp"

#include <utility>

#include "core/digest.hpp"

namespace fleetline::simulation {

namespace asio = boost::asio;

namespace {

constexpr milliseconds longest_hang{40'000};

class plugged_board final : public station::board {
  public:
    plugged_board(bench& where, std::shared_ptr<flash> of, std::string slot)
        : bench_(where), flash_(std::move(of)), slot_(std::move(slot)) {}

    station::key_origin makes_key() const override { return station::key_origin::device; }

    asio::awaitable<station::board_identity> identify() override {
        co_await before("identify");
        co_await after("identify");
        station::board_identity who;
        who.serial = serial_number{flash_->serial};
        who.dialect = "simulated";
        co_return who;
    }

    asio::awaitable<station::signing_request> make_csr(std::string common_name) override {
        saw("a key is made", "admitted");
        co_await before("make_csr");
        const auto& made = bench_.made.make(common_name);
        flash_->public_key = made.public_key;
        flash_->certificate.clear();
        bench_.told.tell(flash_->name + " makes a key");
        co_await after("make_csr");
        co_return station::signing_request{made.pem, made.der, made.public_key, made.subject};
    }

    asio::awaitable<std::optional<std::string>> public_key() override {
        co_await before("public_key");
        co_await after("public_key");
        if (flash_->public_key.empty()) co_return std::nullopt;
        co_return flash_->public_key;
    }

    asio::awaitable<void> deliver(const station::credential& what) override {
        saw("a certificate is delivered", "delivery-started");
        const auto id = sha256_hex(what.certificate_der);
        const auto thing = what.thing.text();
        bench_.on_delivery(*flash_, id);
        co_await before("deliver");
        flash_->certificate = id;
        flash_->thing = thing;
        bench_.told.tell(flash_->name + " takes " + short_id(id));
        co_await after("deliver");
    }

    asio::awaitable<station::proof> prove(const station::credential& what) override {
        const auto id = sha256_hex(what.certificate_der);
        const auto thing = what.thing.text();
        co_await before("prove");
        const bool right = flash_->certificate == id && flash_->thing == thing;
        if (right) flash_->wiped = false;
        co_await after("prove");
        if (!right || happens(bench_.day.answer_wrong))
            throw failure("device-proof-failed", "Proving", flash_->name, "it shows something else");
        co_return station::proof::readback;
    }

    asio::awaitable<void> finish() override {
        co_await before("finish");
        co_await after("finish");
    }

    std::string transcript() const override { return "of " + flash_->name; }

  private:
    bool happens(int per_mille) { return bench_.faults && bench_.chance.chance(per_mille); }

    void saw(const char* what, const char* kind) {
        bench_.watching.saw(what, bench_.attempt_in(slot_), kind);
    }

    /// What a step does to the board lies between the two: what goes wrong after it has been done all the
    /// same.
    asio::awaitable<void> before(const char* step) {
        const auto takes = bench_.chance.skewed(bench_.day.board_time);
        co_await bench_.time.wait_for(takes);
        co_await trouble(step);
    }
    asio::awaitable<void> after(const char* step) {
        const auto takes = bench_.chance.skewed(bench_.day.board_time);
        co_await bench_.time.wait_for(takes);
        co_await trouble(step);
    }
    asio::awaitable<void> trouble(const char* step) {
        if (happens(bench_.day.step_hangs)) {
            const auto takes = bench_.chance.up_to(longest_hang);
            co_await bench_.time.wait_for(takes);
            fail("device-no-answer", step);
        }
        if (happens(bench_.day.restarts)) fail("device-restarted", step);
        if (happens(bench_.day.step_fails))
            fail(std::string_view(step) == "deliver" ? "device-write-failed" : "device-no-answer", step);
    }
    [[noreturn]] void fail(const char* code, const char* step) {
        bench_.told.tell(flash_->name + ": " + code + " in " + step);
        throw failure(code, "Simulated", step, "as the seed has it");
    }

    bench& bench_;
    std::shared_ptr<flash> flash_;
    std::string slot_;
};

}  // namespace

station::plug plug_of(bench& where, const std::shared_ptr<flash>& board, const std::string& slot) {
    station::plug what;
    what.usb_serial = board->serial;
    what.open = [&where, board, slot]() -> asio::awaitable<std::unique_ptr<station::board>> {
        if (where.faults && where.chance.chance(where.day.step_fails / 4))
            throw failure("port-busy", "Opening the port", slot, "as the seed has it");
        where.worked_on[where.attempt_in(slot)] = board;
        co_return std::make_unique<plugged_board>(where, board, slot);
    };
    return what;
}

}  // namespace fleetline::simulation
