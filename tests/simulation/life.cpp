// SPDX-License-Identifier: Apache-2.0
#include "life.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>
#include <set>
#include <utility>

#include "core/logger.hpp"
#include "hearing.hpp"
#include "session.hpp"

namespace fleetline::simulation {

namespace asio = boost::asio;

namespace {

/// Its waiting coroutines can be dropped while what they use still lives.
class droppable_context : public asio::io_context {
  public:
    droppable_context() : io_context(1) {}
    void drop() { shutdown(); }
};

/// Station and session need each other, as in the daemon.
class relay final : public station::issuer_observer {
  public:
    explicit relay(story& told) : story_(told) {}
    station::issuer_observer* to = nullptr;
    std::set<std::string> unwritten;  ///< certificates that came since the ledger last had nothing to write

    void certificate_unaccounted(std::string pem, std::string id, attempt_id attempt,
                                 std::string why) override {
        story_.tell("session: certificate '" + short_id(id) + "' unaccounted: " + why);
        if (!id.empty()) unwritten.insert(id);
        if (to != nullptr)
            to->certificate_unaccounted(std::move(pem), std::move(id), std::move(attempt), std::move(why));
    }
    void registration_unaccounted(std::string thing, attempt_id attempt, std::string why) override {
        if (to != nullptr) to->registration_unaccounted(std::move(thing), std::move(attempt), std::move(why));
    }
    void status_changed(const station::issuer_status& status) override {
        if (to != nullptr) to->status_changed(status);
    }

  private:
    story& story_;
};

station::station_settings settings_of(const profile& day, std::uint64_t life) {
    station::station_settings wanted;
    wanted.id = "line-1";
    wanted.version = "0";
    wanted.token_lifetime = day.token_lifetime;
    wanted.stop_grace = milliseconds{5'000};
    wanted.make_id = [life, count = 0]() mutable {
        return "attempt-" + std::to_string(life) + "-" + std::to_string(++count);
    };
    station::product_settings product;
    product.name = product_name{"widget"};
    product.source = station::serial_source::device;
    product.serial_pattern = "SN[0-9]+";
    product.template_name = "widget-template";
    if (day.expected_thing) product.thing_pattern = "thing-{serial}";
    if (day.echo) product.serial_echo = "serialNumber";
    if (day.certificate_echo) product.certificate_echo = "certificateId";
    product.parameters["SerialNumber"] = "{serial}";
    product.board_endpoint = "cloud.example";
    product.order_required = day.order_required;
    product.patience = day.patience;
    product.failures_allowed = day.failures_allowed;
    wanted.products.push_back(product);
    for (int number = 1; number <= day.slots; ++number) {
        const auto name = "A" + std::to_string(number);
        wanted.slots.push_back({slot_name{name}, "port-" + name, product.name});
    }
    return wanted;
}

/// `written`: after each turn of the ledger.
ledger::options options_of(const surroundings& around, std::function<void()> written) {
    ledger::options wanted;
    wanted.file = "/ledger.db";
    wanted.station = "line-1";
    wanted.threaded = false;
    wanted.vfs = around.vfs;
    wanted.schedule = [&around, written = std::move(written)](milliseconds at_least,
                                                              std::function<void()> turn) {
        const auto takes = at_least + around.chance.skewed(around.day.write_time);
        around.time.after(takes, agenda::owner::station, [turn = std::move(turn), written] {
            turn();
            written();
        });
    };
    wanted.taken_at_once = [&around] { return static_cast<std::size_t>(around.chance.below(8)); };
    return wanted;
}

}  // namespace

struct life::parts {
    parts(const surroundings& with, std::uint64_t number)
        : around(with),
          observer(with.told),
          answers(io, with.chance, with.time, with.day.hears_late),
          book(options_of(with, [this] { note_written(); }), hearing::executor(answers), with.time, log),
          cloud(io.get_executor(), with.day, with.chance, with.time, with.far, with.watching, observer,
                number > 1),
          here(settings_of(with.day, number), book, cloud, with.time, log, io.get_executor()) {
        observer.to = &here;
        here.on_change([this] { look(); });
    }

    /// What an operator sees: each outcome once, and never one serial at work in two slots (invariant I6).
    void look() {
        const auto now = here.status();
        std::map<std::string, std::string> at_work;
        for (const auto& slot : now.slots) {
            const bool working = slot.state == station::slot_state::working ||
                                 slot.state == station::slot_state::waiting_for_cloud;
            if (working && slot.at > station::step::admit &&
                !at_work.emplace(slot.serial.text(), slot.slot.text()).second)
                around.told.violation("I6: " + slot.serial.text() + " is worked on in two slots");
            if (working && slot.at == station::step::prove &&
                std::exchange(proved[slot.slot.text()], slot.attempt.text()) != slot.attempt.text())
                around.on_nearly_done();
            if (working || slot.attempt.empty() || !slot.duration) continue;
            if (std::exchange(shown[slot.slot.text()], slot.attempt.text()) == slot.attempt.text()) continue;
            around.told.tell(slot.slot.text() + " shows " + std::string(to_text(slot.state)) + " " +
                             slot.serial.text() + " " + slot.attempt.text() + " " + slot.failure_code + " " +
                             (slot.failure_code.empty() ? "" : slot.failure_reason));
            around.watching.saw("an outcome is shown", slot.attempt.text(), "attempt-finished");
            cloud.is_durable(slot.attempt.text());
            if (slot.state == station::slot_state::passed) around.on_pass(slot);
        }
    }

    /// What waited is in the ledger, or was dropped, which nothing excuses.
    void note_written() {
        const auto left = book.waiting();
        if (left.queued == 0 && left.kept == 0) observer.unwritten.clear();
    }

    const surroundings& around;
    droppable_context io;
    logger log{logger::target::nowhere};
    relay observer;
    hearing answers;
    ledger::ledger book;
    session cloud;
    station::station here;
    std::map<std::string, std::string> shown;   ///< attempt by slot
    std::map<std::string, std::string> proved;  ///< likewise
    bool ended = false;
    std::exception_ptr trouble;
};

life::life(const surroundings& around, std::uint64_t number)
    : parts_(std::make_unique<parts>(around, number)) {
    asio::co_spawn(parts_->io, parts_->here.run(), [held = parts_.get()](std::exception_ptr why) {
        held->ended = true;
        held->trouble = std::move(why);
    });
    parts_->cloud.start();
}

life::~life() {
    drop();
}

bool life::turn() {
    parts_->io.restart();
    return parts_->io.poll_one() != 0;
}

void life::kill() {
    unwritten_is_lost();
    drop();
}

void life::unwritten_is_lost() {
    parts_->cloud.killed();
    for (const auto& id : parts_->observer.unwritten) parts_->around.watching.died_before_writing(id);
}

void life::drop() {
    parts_->here.on_change([] {});
    parts_->around.far.client_gone();
    parts_->answers.end();
    parts_->io.drop();
    parts_->observer.to = nullptr;
    parts_->around.time.drop_station();
}

bool life::ended() const {
    return parts_->ended;
}

std::string life::trouble() const {
    if (!parts_->trouble) return {};
    try {
        std::rethrow_exception(parts_->trouble);
    } catch (const std::exception& why) {
        return why.what();
    }
}

station::station& life::here() {
    return parts_->here;
}

ledger::ledger& life::book() {
    return parts_->book;
}

station::slot_status life::slot(const std::string& name) const {
    for (auto& one : parts_->here.status().slots)
        if (one.slot.text() == name) return one;
    return {};
}

void life::append(ledger::event what, std::function<void()> done) {
    const std::string kind(ledger::kind_of(what));
    asio::co_spawn(parts_->io, parts_->book.append(std::move(what)),
                   [&told = parts_->around.told, kind, done = std::move(done)](const std::exception_ptr& why,
                                                                               const ledger::receipt&) {
                       told.tell(kind + (why ? " is not recorded" : " is recorded"));
                       if (!why && done) done();
                   });
}

void life::import(const std::string& order, const std::vector<serial_number>& serials) {
    asio::co_spawn(parts_->io, parts_->book.import_serials(order_name{order}, serials),
                   [](const std::exception_ptr&, const ledger::receipt&) {});
}

}  // namespace fleetline::simulation
