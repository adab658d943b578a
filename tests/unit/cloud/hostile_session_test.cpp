// SPDX-License-Identifier: Apache-2.0
// The hostile cloud behind a stock mosquitto: the whole session, over TLS, in real time. The same must hold
// as for the lanes alone (hostile_test.cpp), but for boards whose answers this machine itself made late.
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>

#include "broker.hpp"
#include "cloud/bell.hpp"
#include "hostile_script.hpp"
#include "line.hpp"
#include "scripted_cloud.hpp"
#include "x509/x509.hpp"

using namespace fleetline;
using namespace fleetline::tests;
namespace asio = boost::asio;

namespace {

/// Answers by the script, each when it is due, from a thread of its own.
class hostile_responder {
  public:
    hostile_responder(std::uint16_t port, std::uint64_t seed)
        : script_(seed),
          cloud_(port, [this](const message& request) { return take(request); }),
          postman_([this](const std::stop_token& stop) { deliver(stop); }) {}

    hostile_board& plug() {
        const std::lock_guard guard(lock_);
        return script_.plug(true);
    }
    /// Everything has been said.
    bool quiet() {
        const std::lock_guard guard(lock_);
        return post_.empty();
    }
    /// A certificate for nobody, after all the others; its id.
    std::string last_word() {
        const std::lock_guard guard(lock_);
        const auto last = script_.to_nobody();
        cloud_.publish({last.topic, last.payload});
        return hostile_script::certificate_in(last.topic, last.payload);
    }
    const std::set<std::string>& delivered() const { return delivered_; }
    const hostile_script& script() const { return script_; }

  private:
    struct letter {
        std::chrono::steady_clock::time_point at;
        message content;
        bool operator<(const letter& other) const { return other.at < at; }
    };

    std::vector<message> take(const message& request) {
        const std::lock_guard guard(lock_);
        const auto now = std::chrono::steady_clock::now();
        for (auto& answer : script_.answers(request.topic, request.payload))
            post_.push({now + answer.after, {std::move(answer.topic), std::move(answer.payload)}});
        more_.notify_all();
        return {};
    }

    void deliver(const std::stop_token& stop) {
        std::unique_lock guard(lock_);
        while (!stop.stop_requested()) {
            if (post_.empty()) {
                more_.wait(guard, stop, [this] { return !post_.empty(); });
                continue;
            }
            const auto due = post_.top().at;
            if (std::chrono::steady_clock::now() < due) {
                more_.wait_until(guard, stop, due, [&] { return post_.top().at < due; });
                continue;
            }
            const auto sent = post_.top().content;
            post_.pop();
            const auto certificate = hostile_script::certificate_in(sent.topic, sent.payload);
            if (!certificate.empty()) delivered_.insert(certificate);
            cloud_.publish(sent);
        }
    }

    std::mutex lock_;
    std::condition_variable_any more_;
    std::priority_queue<letter> post_;
    std::set<std::string> delivered_;
    hostile_script script_;
    scripted_cloud cloud_;
    std::jthread postman_;
};

struct factory {
    factory(running_session& session, hostile_responder& cloud, std::size_t how_many)
        : line(session), aws(cloud), total(how_many), done(session.io.get_executor()) {}

    running_session& line;
    hostile_responder& aws;
    std::size_t total;
    cloud::bell done;
    std::size_t plugged = 0;
    std::size_t running = 0;
    std::set<std::string> credited;
    std::size_t wrong = 0;

    asio::awaitable<void> all() {
        while (running < 40) {
            ++running;
            asio::co_spawn(line.io, worker(), [this](const std::exception_ptr&) {
                --running;
                done.ring();
            });
        }
        while (running > 0) co_await done.wait();
        // What comes late must find the session there; the broker keeps the order.
        while (!aws.quiet()) co_await line.time.wait_for(milliseconds{50});
        const auto last = aws.last_word();
        while (!noted(last)) co_await line.time.wait_for(milliseconds{5});
    }

    bool noted(const std::string& certificate) const {
        const auto& all = line.notes.certificates;
        return std::any_of(all.begin(), all.end(), [&](const auto& one) { return one.id == certificate; });
    }

    asio::awaitable<void> worker() {
        while (plugged < total) {
            ++plugged;
            auto& made = aws.plug();
            co_await provision(made);
        }
    }

    asio::awaitable<void> provision(hostile_board& made) {
        station::certificate_request wanted;
        wanted.attempt = attempt_id(made.serial);
        wanted.serial = serial_number(made.serial);
        wanted.csr_pem = made.csr;
        wanted.public_key = made.public_key;
        wanted.subject = "CN=" + made.serial;
        auto issued = co_await end_of(line.session.create_certificate(std::move(wanted)));
        made.ended = issued.code;
        if (!issued.value) co_return;
        made.certificate = issued.value->id.text();
        credited.insert(made.certificate);
        if (x509::parse_certificate(issued.value->pem)->public_key != made.public_key) ++wrong;
        station::registration_request asked;
        asked.attempt = attempt_id(made.serial);
        asked.serial = serial_number(made.serial);
        asked.ownership_token = std::move(issued.value->ownership_token);
        asked.template_name = "boards";
        asked.parameters.emplace("SerialNumber", made.serial);
        asked.expected_thing = thing_name("board-" + made.serial);
        asked.serial_echo_key = "serial";
        auto registered = co_await end_of(line.session.register_thing(std::move(asked)));
        made.ended = registered.value ? "passed" : registered.code;
        if (registered.value) made.thing = registered.value->thing.text();
    }
};

}  // namespace

TEST_CASE("a hostile cloud behind a stock broker never gets an answer to a wrong board", "[cloud][hostile]") {
    const hostile_measure measure(60);
    broker mosquitto;
    mosquitto.start();
    hostile_responder aws(mosquitto.plain_port, measure.seed);
    auto settings = mosquitto.settings();
    settings.create = settings.register_thing = {1e6, 1e6};
    settings.patience = milliseconds{120'000};
    settings.late_answers = milliseconds{8'000};
    running_session line(settings);
    factory boards(line, aws, measure.boards);
    line.during(boards.all());

    CHECK(boards.wrong == 0);
    std::map<std::string, std::size_t> ends;
    std::size_t unlucky = 0;
    for (const auto& held : aws.script().boards()) {
        ++ends[held->ended];
        INFO(held->serial << " has fate " << static_cast<int>(held->create) << "/"
                          << static_cast<int>(held->registers) << " and ended " << held->ended);
        if (held->ended == "passed") CHECK(held->thing == "board-" + held->serial);
        if (held->allowed().contains(held->ended)) continue;
        CHECK(held->ended == "cloud-no-answer");
        ++unlucky;
    }
    CHECK(unlucky <= measure.boards / 20);
    std::set<std::string> accounted = boards.credited;
    for (const auto& noted : line.notes.certificates) accounted.insert(noted.id);
    for (const auto& id : aws.delivered()) CHECK(accounted.contains(id));
    std::string summary;
    for (const auto& [code, count] : ends) summary += code + " " + std::to_string(count) + ", ";
    WARN(aws.script().requests() << " requests: " << summary);
}
