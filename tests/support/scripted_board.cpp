// SPDX-License-Identifier: Apache-2.0
#include "support/scripted_board.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "x509/x509.hpp"

namespace fleetline::test {

namespace asio = boost::asio;

namespace {

class board_of_flash final : public station::board {
  public:
    explicit board_of_flash(std::shared_ptr<scripted_flash> flash) : flash_(std::move(flash)) {}

    station::key_origin makes_key() const override {
        return flash_->makes_keys ? station::key_origin::device : station::key_origin::cloud;
    }

    asio::awaitable<station::board_identity> identify() override {
        co_await step("identify");
        station::board_identity who;
        who.dialect = "scripted";
        if (!flash_->tells.empty()) who.serial = serial_number{flash_->tells};
        done("identify");
        co_return who;
    }

    asio::awaitable<station::signing_request> make_csr(std::string common_name) override {
        co_await step("make_csr");
        if (!flash_->makes_keys) throw failure("device-csr-invalid", "Scripted", "make_csr", "it cannot");
        flash_->private_key = x509::make_private_key();
        flash_->common_name = common_name;
        ++flash_->keys_made;
        const auto made = x509::make_csr(flash_->private_key, common_name).value();
        done("make_csr");
        co_return station::signing_request{made.pem, made.der, made.public_key, made.subject};
    }

    asio::awaitable<std::optional<std::string>> public_key() override {
        co_await step("public_key");
        done("public_key");
        if (flash_->private_key.empty()) co_return std::nullopt;
        co_return x509::make_csr(flash_->private_key, "x").value().public_key;
    }

    asio::awaitable<void> deliver(const station::credential& what) override {
        co_await step("deliver");
        flash_->certificate_der = what.certificate_der;
        if (!what.private_key_pem.empty()) flash_->private_key = what.private_key_pem.clone();
        flash_->thing = what.thing.text();
        ++flash_->deliveries;
        done("deliver");
    }

    asio::awaitable<station::proof> prove(const station::credential& what) override {
        co_await step("prove");
        if (flash_->certificate_der != what.certificate_der || flash_->thing != what.thing.text())
            throw failure("device-proof-failed", "Proving", "", "the board holds something else");
        done("prove");
        co_return station::proof::readback;
    }

    asio::awaitable<void> finish() override {
        co_await step("finish");
        ++flash_->resets;
        done("finish");
    }

    bool restarting() const override { return flash_->restarting; }
    std::string transcript() const override { return "scripted"; }

  private:
    asio::awaitable<void> step(std::string name) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        if (flash_->before) flash_->before(name);
        const auto wish = flash_->fails.find(name);
        if (wish == flash_->fails.end()) co_return;
        const std::string code = wish->second;
        flash_->fails.erase(wish);
        throw failure(code, "Scripted", name, "as the test wished");
    }

    void done(const std::string& name) {
        if (flash_->after) flash_->after(name);
    }

    std::shared_ptr<scripted_flash> flash_;
};

}  // namespace

std::unique_ptr<station::board> scripted_board(std::shared_ptr<scripted_flash> flash) {
    return std::make_unique<board_of_flash>(std::move(flash));
}

station::plug plug_of(std::shared_ptr<scripted_flash> flash) {
    station::plug what;
    what.usb_serial = flash->serial;
    what.open = [flash]() -> asio::awaitable<std::unique_ptr<station::board>> {
        co_return scripted_board(flash);
    };
    return what;
}

}  // namespace fleetline::test
