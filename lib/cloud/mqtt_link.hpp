// SPDX-License-Identifier: Apache-2.0
// One MQTT connection at a time over TLS: connect, subscribe, publish, lose it, connect anew. Paho ends here.
// All calls into Paho are made on a thread of its own, because they can wait for a name look-up; what its
// callbacks tell is posted to the io_context. Owned by the session; its functions and events are the
// io_context thread's alone.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/settings.hpp"
#include "core/logger.hpp"

namespace fleetline::cloud {

/// Called on the io_context thread, never from within a function of the link.
class link_events {
  public:
    virtual ~link_events() = default;
    virtual void link_message(const std::string& topic, const std::string& payload) = 0;
    virtual void link_acknowledged(std::uint64_t ticket) = 0;
    /// It never went out: the link would not take it.
    virtual void link_not_sent(std::uint64_t ticket) = 0;
    /// MQTT 5: the broker said that this topic is not allowed.
    virtual void link_denied(std::uint64_t ticket) = 0;
    /// `reason`: MQTT 5 disconnect reason, 0 if none was given. Told once a connection; never after close().
    virtual void link_lost(int reason) = 0;
};

/// The claim as files, the one form Paho takes.
struct claim_files {
    std::string certificate;
    std::string key;
};

struct link_up {
    bool connected = false;
    int reason = 0;               ///< CONNACK code, 0 if it did not come to that; Paho's code if negative
    std::string words;            ///< of Paho and OpenSSL; often mute: see diagnosis.hpp
    std::size_t receive_maximum;  ///< how many unacknowledged publishes the broker takes

    link_up() : receive_maximum(65'535) {}
};

struct subscribe_answer {
    std::vector<int> codes;  ///< one a topic, in order: 0..2 granted, 128 and above refused; fewer: no answer
    bool lost = false;       ///< the connection ended instead
};

class mqtt_link {
  public:
    mqtt_link(boost::asio::any_io_executor executor, const session_settings& settings, const logger& log,
              link_events& events);
    mqtt_link(const mqtt_link&) = delete;
    mqtt_link& operator=(const mqtt_link&) = delete;
    /// Sends DISCONNECT if connected. Takes some milliseconds; two seconds at most, if a name look-up hangs.
    ~mqtt_link();

    /// Does not throw for a failed connect. Cancelled, the attempt is dropped.
    boost::asio::awaitable<link_up> connect(claim_files claim);

    /// All in one packet (of eight, as AWS has it), QoS 1.
    boost::asio::awaitable<subscribe_answer> subscribe(std::vector<std::string> topics);

    /// QoS 1. Ends in link_acknowledged, link_not_sent, link_denied or link_lost.
    void publish(const std::string& topic, std::string_view payload, std::uint64_t ticket);

    /// Says good-bye and forgets this connection; resumes when that is done.
    boost::asio::awaitable<void> close();

  private:
    struct core;
    std::shared_ptr<core> core_;
};

}  // namespace fleetline::cloud
