// SPDX-License-Identifier: Apache-2.0
#include "cloud/visit.hpp"

#include "cloud/diagnosis.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

namespace {

constexpr milliseconds answer_limit{3'000};
constexpr milliseconds least_between_connects{1'100};  // AWS: one CONNECT a second and client id
constexpr int session_taken_over = 0x8E;
constexpr std::uint64_t only_ticket = 1;

}  // namespace

visit::visit(asio::any_io_executor executor, const session_settings& settings, time_source& time,
             const logger& log, milliseconds stay, std::vector<checkup_step>& steps)
    : settings_(settings),
      time_(time),
      stay_(stay),
      steps_(steps),
      changed_(executor),
      link_(executor, settings, log, *this) {}

void visit::link_message(const std::string& topic, const std::string& payload) {
    answers_[topic] = payload;
    changed_.ring();
}

void visit::link_acknowledged(std::uint64_t) {
    acknowledged_ = true;
    changed_.ring();
}

void visit::link_not_sent(std::uint64_t) {
    link_lost(0);
}

void visit::link_denied(std::uint64_t) {
    denied_ = true;
    changed_.ring();
}

void visit::link_lost(int reason) {
    lost_ = true;
    lost_reason_ = reason;
    changed_.ring();
}

void visit::add(std::string what, checkup_step::state is, std::string code, std::string text) {
    checkup_step step;
    step.what = std::move(what);
    step.is = is;
    step.code = std::move(code);
    step.text = std::move(text);
    steps_.push_back(std::move(step));
}

void visit::bad(std::string what, std::string code, std::string text) {
    add(std::move(what), checkup_step::state::bad, std::move(code), std::move(text));
}

asio::awaitable<void> visit::run() {
    const bool in = co_await sign_in();
    if (in) {
        add("session", checkup_step::state::good, {}, "signed in as '" + settings_.client_id + "'");
        const bool allowed = co_await do_all();
        if (allowed) co_await stay_a_while();
    }
    co_await link_.close();
}

/// Connects (again), and subscribes to what had been subscribed to before.
asio::awaitable<bool> visit::sign_in() {
    if (signed_in_ != monotonic_time{}) {
        co_await link_.close();
        co_await time_.wait_until(signed_in_ + least_between_connects);
    }
    signed_in_ = time_.now();
    lost_ = false;
    lost_reason_ = 0;
    claim_files files;
    files.certificate = settings_.claim.certificate_file.string();
    files.key = settings_.claim.key_file.string();
    auto answer = co_await link_.connect(std::move(files));
    if (!answer.connected) {
        auto why = connack_trouble(answer.reason, settings_);
        if (!why) why = mute_refusal(settings_, answer.words);
        bad("session", why->code, why->text);
        co_return false;
    }
    if (!subscribed_.empty()) co_await link_.subscribe(subscribed_);
    co_return true;
}

asio::awaitable<bool> visit::do_all() {
    std::vector<deed> deeds;
    std::vector<deed> requests;
    const auto call = [&](const call_topics& topics, std::string payload, std::string what) {
        deeds.push_back({topics.accepted, {}, "answer topics"});
        deeds.push_back({topics.rejected, {}, "answer topics"});
        requests.push_back({topics.request, std::move(payload), std::move(what)});
    };
    call(create_topics(settings_.format), write_create_request(settings_.format, {}), "certificate request");
    for (const auto& name : settings_.templates) {
        const auto payload = write_register_request(settings_.format, secret{}, {});
        call(register_topics(settings_.format, name), std::string(payload.reveal()), "template " + name);
    }
    const auto answer_topics = deeds.size();
    deeds.insert(deeds.end(), requests.begin(), requests.end());
    int losses = 0;
    for (std::size_t at = 0; at < deeds.size();) {
        const auto& now = deeds[at];
        end ended = end::done;
        if (now.payload.empty()) {
            ended = co_await subscribe(now);
        } else {
            ended = co_await publish(now);
        }
        if (ended == end::bad) co_return false;
        if (ended == end::done) {
            losses = 0;
            if (++at == answer_topics) {
                add("answer topics", checkup_step::state::good, {},
                    std::to_string(answer_topics) + " can be subscribed to");
            }
            continue;
        }
        if (++losses > 1) {
            bad(now.what, "cloud-policy-denies",
                std::string("The cloud ends the session whenever the station ") +
                    (now.payload.empty() ? "subscribes to " : "publishes to ") + now.topic +
                    ": the claim's policy does not allow it");
            co_return false;
        }
        ++unexplained_;
        const bool back = co_await sign_in();
        if (!back) co_return false;
    }
    // The losses that a deed explained have ended the way above.
    co_return true;
}

asio::awaitable<visit::end> visit::subscribe(const deed& what) {
    std::vector<std::string> one{what.topic};
    const auto answer = co_await link_.subscribe(std::move(one));
    if (answer.codes.empty()) co_return end::lost;
    if (answer.codes.front() <= 2) {
        subscribed_.push_back(what.topic);
        co_return end::done;
    }
    bad(what.what, "cloud-policy-denies",
        "The cloud does not let the station subscribe to " + what.topic +
            ": the claim's policy must allow it");
    co_return end::bad;
}

asio::awaitable<visit::end> visit::publish(const deed& what) {
    answers_.clear();
    acknowledged_ = denied_ = false;
    link_.publish(what.topic, what.payload, only_ticket);
    const bool in_time = co_await within(time_, answer_limit, until_answered());
    if (denied_) {
        bad(what.what, "cloud-policy-denies",
            "The cloud does not let the station publish to " + what.topic +
                ": the claim's policy must allow it");
        co_return end::bad;
    }
    if (!answers_.empty()) {
        judge_answer(what);
        co_return steps_.back().is == checkup_step::state::bad ? end::bad : end::done;
    }
    if (lost_) co_return end::lost;
    bad(what.what, "cloud-no-answer",
        "The cloud does not answer on " + what.topic + "/rejected" +
            (acknowledged_ && !in_time ? ": does the claim's policy allow iot:Receive there?" : ""));
    co_return end::bad;
}

asio::awaitable<void> visit::until_answered() {
    while (answers_.empty() && !denied_ && !lost_) co_await changed_.wait();
}

asio::awaitable<void> visit::until_lost() {
    while (!lost_) co_await changed_.wait();
}

/// It was asked for nothing that can be had: a refusal shows that the way there and back is open.
void visit::judge_answer(const deed& what) {
    const auto refusal = read_rejection(settings_.format, answers_.begin()->second);
    const auto words = refusal ? refusal->text() : "an answer that cannot be read: " + refusal.why_not();
    const int status = refusal ? refusal->status : 0;
    if (status == 404) {
        bad(what.what, "cloud-rejected", "The cloud does not know it: " + words);
    } else if (status == 400) {
        add(what.what, checkup_step::state::good, {}, "the cloud answers (" + words + ", as it should)");
    } else {
        const bool busy = status == 429 || status >= 500;
        add(what.what, checkup_step::state::doubtful, busy ? "cloud-throttled" : "cloud-rejected",
            "the cloud answers in a way that was not expected: " + words);
    }
}

asio::awaitable<void> visit::stay_a_while() {
    for (int turn = 0; turn < 2; ++turn) {
        const auto left = std::max(milliseconds{0}, signed_in_ + stay_ - time_.now());
        const bool lost = co_await within(time_, left, until_lost());
        if (!lost) break;
        unexplained_ += lost_reason_ == session_taken_over ? 2 : 1;
        if (unexplained_ > 1) break;
        const bool back = co_await sign_in();
        if (!back) co_return;
    }
    const auto id = "'" + settings_.client_id + "'";
    if (unexplained_ > 1) {
        bad("client id", "cloud-client-id-taken",
            "The cloud keeps ending the session: another client connects with the id " + id);
    } else if (unexplained_ == 1) {
        add("client id", checkup_step::state::doubtful, "cloud-client-id-taken",
            "the session was ended once: another client may have the id " + id);
    } else {
        add("client id", checkup_step::state::good, {}, id + " is nobody else's");
    }
}

}  // namespace fleetline::cloud
