// SPDX-License-Identifier: Apache-2.0
#include "line.hpp"

#include <stdlib.h>

#include <boost/asio/co_spawn.hpp>
#include <stdexcept>
#include <utility>

namespace fleetline::test {

namespace {

station::station_settings settings(const std::function<void(station::station_settings&)>& change) {
    station::station_settings wanted;
    wanted.id = "test-station";
    wanted.version = "0";
    wanted.stop_grace = milliseconds{2000};
    wanted.longest_absence = milliseconds{0};
    station::product_settings product;
    product.name = product_name{"widget"};
    product.serial_pattern = "SN[0-9]+";
    product.template_name = "widget-template";
    product.parameters["SerialNumber"] = "{serial}";
    product.board_endpoint = "cloud.example";
    product.patience = milliseconds{2000};
    wanted.products.push_back(product);
    for (const auto* name : {"A1", "A2"})
        wanted.slots.push_back({slot_name{name}, std::string("port-") + name, product.name});
    if (change) change(wanted);
    return wanted;
}

ledger::options options(const std::filesystem::path& file) {
    ledger::options wanted;
    wanted.file = file;
    wanted.station = "test-station";
    return wanted;
}

}  // namespace

temporary_directory::temporary_directory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fleetline-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path = pattern;
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
}

line::line(const std::filesystem::path& ledger, std::function<void(station::station_settings&)> change)
    : book(options(ledger), io.get_executor(), time, log),
      cloud(io.get_executor()),
      here(settings(change), book, cloud, time, log, io.get_executor()) {
    running_ = true;
    boost::asio::co_spawn(io, here.run(), [this](std::exception_ptr why) {
        ended_ = true;
        if (why) std::rethrow_exception(why);
    });
}

line::~line() {
    if (!ended_) {
        try {
            stop();
        } catch (const std::exception&) {
            io.stop();  // a crash under way: what is left is dropped as it would be with the process
        }
    }
}

void line::until(const std::function<bool()>& holds) {
    while (!holds()) {
        io.restart();
        if (io.run_one_for(std::chrono::seconds{20}) == 0) throw std::logic_error("nothing happens any more");
    }
}

station::slot_status line::slot(const std::string& name) const {
    for (const auto& one : here.status().slots)
        if (one.slot.text() == name) return one;
    throw std::logic_error("no such slot");
}

station::slot_status line::attempt(const std::shared_ptr<scripted_flash>& flash, const std::string& name) {
    const auto earlier = slot(name).attempt;
    here.plugged(slot_name{name}, plug_of(flash));
    until([&] {
        const auto now = slot(name);
        return now.attempt != earlier && now.duration.has_value();
    });
    const auto result = slot(name);
    here.unplugged(slot_name{name});
    return result;
}

void line::stop() {
    here.stop();
    until([this] { return ended_; });
}

std::shared_ptr<scripted_flash> new_board(const std::string& serial) {
    auto flash = std::make_shared<scripted_flash>();
    flash->serial = serial;
    return flash;
}

}  // namespace fleetline::test
