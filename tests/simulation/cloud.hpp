// SPDX-License-Identifier: Apache-2.0
// AWS IoT Core and the network before it, as far as provisioning goes: it answers in its own time, loses,
// repeats and refuses as the profile says, and keeps books of what it handed out. Lives as long as the run;
// the station's sessions come and go.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "keys.hpp"
#include "profile.hpp"
#include "story.hpp"

namespace fleetline::simulation {

class cloud {
  public:
    struct client {
        virtual ~client() = default;
        virtual void connected() = 0;
        virtual void message(const std::string& topic, const std::string& payload) = 0;
        virtual void acknowledged(std::uint64_t ticket) = 0;
        virtual void lost() = 0;
    };
    struct certificate {
        std::string pem, serial, public_key, token, thing;
        bool registered = false;
        monotonic_time registered_at{};
        bool confirmed = false;         ///< that it is registered has arrived at the station
        bool answered = false;          ///< an answer with it has arrived at the station
        bool answered_in_calm = false;  ///< likewise, when nothing could go wrong any more
    };

    cloud(const profile& day, dice& chance, agenda& time, keys& made, story& told);

    /// Answers connected() or lost() after a while.
    void connect(client& who);
    void publish(const std::string& topic, std::string_view payload, std::uint64_t ticket);
    /// The station is dead or says good-bye: nobody is told anything any more.
    void client_gone();

    /// The network: the link breaks now and comes back at the next connect after `away`.
    void cut_link(milliseconds away);
    void end_faults() {
        faults_ = false;
        away_until_ = {};
    }

    const std::map<std::string, certificate>& certificates() const { return certificates_; }

  private:
    bool happens(int per_mille) { return faults_ && chance_.chance(per_mille); }
    void take_in(const std::string& topic, const std::string& payload);
    void create(const std::string& topic, const std::string& payload);
    void provision(const std::string& topic, const std::string& payload);
    void refuse(const std::string& topic, int status, const std::string& error);
    void answer(const std::string& topic, std::string payload, const std::string& id);
    void deliver(milliseconds delay, const std::string& topic, std::string payload, const std::string& id);
    void repeat_answers();
    void repeat_registrations(const std::string& topic, const std::string& but_for);
    static std::string registration_of(const std::string& id, const certificate& made);
    void hand_out_to_nobody();
    static std::string answer_of(const std::string& id, const certificate& made);
    std::string answer_with(const std::string& csr_pem, std::string& id);

    const profile& day_;
    dice& chance_;
    agenda& time_;
    keys& keys_;
    story& story_;
    std::map<std::string, certificate> certificates_;
    std::uint64_t tokens_ = 0;
    client* client_ = nullptr;
    bool up_ = false;  ///< and it was told so
    std::uint64_t connection_ = 0;
    monotonic_time away_until_{};
    bool faults_ = true;
};

}  // namespace fleetline::simulation
