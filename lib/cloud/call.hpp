// SPDX-License-Identifier: Apache-2.0
// One request to the cloud on its way: what to send, whose it is, and what has happened to it. Owned by its
// lane, on the io_context thread only. Ends exactly once: by its kind's success, by fail(), or withdrawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "core/failure.hpp"
#include "core/secret.hpp"
#include "core/time.hpp"
#include "station/issuer.hpp"

namespace fleetline::cloud {

template <class T>
using outcome = std::variant<T, station::request_failure>;

/// When what happened; a point that has not come is the epoch.
struct call_times {
    monotonic_time queued{};
    monotonic_time sent{};  ///< the last time, if it was asked again
    monotonic_time acknowledged{};
    monotonic_time answered{};
};

class call {
  public:
    call() = default;
    call(const call&) = delete;
    call& operator=(const call&) = delete;
    virtual ~call() = default;

    virtual std::string_view payload() const = 0;
    virtual const attempt_id& attempt() const = 0;
    virtual const serial_number& serial() const = 0;
    virtual const char* doing() const = 0;  ///< "Registering the thing"
    virtual void fail(station::request_failure why) = 0;

    station::request_times since_queued() const {
        station::request_times all;
        const auto add = [&](const std::string& what, monotonic_time when) {
            if (when != monotonic_time{}) all[what] = (when - times.queued).count();
        };
        const auto add_ask = [&](const call_times& ask, const std::string& number) {
            add("sent" + number, ask.sent);
            add("acknowledged" + number, ask.acknowledged);
            add("answered" + number, ask.answered);
        };
        for (std::size_t at = 0; at < earlier.size(); ++at) {
            const auto number = static_cast<std::size_t>(asks) - earlier.size() + at;
            add_ask(earlier[at], "-" + std::to_string(number));
        }
        add_ask(times, {});
        return all;
    }

    /// It is sent (again).
    void ask(monotonic_time now) {
        if (asks++ > 0) earlier.push_back(times);
        if (earlier.size() > most_told) earlier.pop_front();
        times.sent = now;
        times.acknowledged = times.answered = {};
    }

    /// It was not sent after all.
    void unask() {
        --asks;
        times.sent = {};
        if (earlier.empty()) return;
        times = earlier.back();
        earlier.pop_back();
    }

    std::string subject() const { return "serial " + serial().text(); }

    // The lane's notes.
    std::uint64_t id = 0;
    std::uint64_t ticket = 0;  ///< of the last publish
    call_times times;
    std::deque<call_times> earlier;  ///< of the asks before the last, as many as are told of
    static constexpr std::size_t most_told = 8;
    monotonic_time not_before{};    ///< do not send earlier (back-off)
    milliseconds patience{0};       ///< of its own
    monotonic_time patience_end{};  ///< give up
    bool exclusive = false;         ///< its answer can only be told from others when it is alone
    bool in_flight = false;
    bool suspect = false;  ///< to be asked again alone: a rejection could not be attributed
    bool doubted = false;  ///< as above, and a late echo of somebody else's rejection may be about
    int asks = 0;
    int silent_asks = 0;         ///< asks that nothing certain was heard of: the cloud may have served them
    int lone_rejections = 0;     ///< received while it was the only one in flight
    int lone_nonsense = 0;       ///< unreadable answers, likewise
    int retries = 0;             ///< after "busy" answers
    int losses = 0;              ///< of the link, while this was in flight
    std::string last_words;      ///< of the last answer that did not end it
    std::string foreign_answer;  ///< why an answer that came while it was alone was not taken
};

class certificate_call final : public call {
  public:
    using done_function = std::function<void(outcome<station::issued_certificate>)>;

    station::certificate_request request;
    std::string body;
    done_function done;

    std::string_view payload() const override { return body; }
    const attempt_id& attempt() const override { return request.attempt; }
    const serial_number& serial() const override { return request.serial; }
    const char* doing() const override { return "Asking the cloud for a certificate"; }
    void fail(station::request_failure why) override { done(std::move(why)); }
};

class keys_call final : public call {
  public:
    using done_function = std::function<void(outcome<station::issued_keys>)>;

    station::keys_request request;
    std::string body;
    done_function done;

    std::string_view payload() const override { return body; }
    const attempt_id& attempt() const override { return request.attempt; }
    const serial_number& serial() const override { return request.serial; }
    const char* doing() const override { return "Asking the cloud for a key"; }
    void fail(station::request_failure why) override { done(std::move(why)); }
};

class registration_call final : public call {
  public:
    using done_function = std::function<void(outcome<station::registration>)>;

    station::registration_request request;
    secret body;
    done_function done;

    std::string_view payload() const override { return body.reveal(); }
    const attempt_id& attempt() const override { return request.attempt; }
    const serial_number& serial() const override { return request.serial; }
    const char* doing() const override { return "Registering the thing"; }
    void fail(station::request_failure why) override { done(std::move(why)); }
};

}  // namespace fleetline::cloud
