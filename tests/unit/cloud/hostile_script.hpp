// SPDX-License-Identifier: Apache-2.0
// A cloud that answers in any order, twice, late, to nobody, wrongly or not at all: what it does to each
// board is drawn from a seed. For the hostile tests, in virtual time (hostile_test.cpp) and behind a stock
// mosquitto (hostile_session_test.cpp). One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cloud/settings.hpp"
#include "core/time.hpp"
#include "workshop.hpp"

namespace fleetline::tests {

/// Certificates by the hundred thousand: one real one, with another key, name and serial number put in. Their
/// signatures are wrong, which nobody who asks AWS can check either.
class mint {
  public:
    mint();
    std::string certificate(const std::string& public_key, const std::string& serial, bool expired = false);

  private:
    static std::string make(EVP_PKEY* key, EVP_PKEY* ca, long ends);
    std::string old_key_, real_, expired_;
    int made_ = 0;
};

enum class fate { good, busy_first, refused, refused_late, mute, late, wrong_id, expired, nonsense_first };
enum class end_fate { good, refused, mismatched };

struct hostile_board {
    std::string serial;
    std::string csr;  ///< as the request has it
    std::string public_key;
    fate create = fate::good;
    end_fate registers = end_fate::good;
    int asks = 0;
    std::string ended;  ///< failure code or "passed"
    std::string certificate;
    std::string thing;

    /// How it may end; `echo`: the answers to registrations repeat the serial, and it is looked at.
    std::set<std::string> allowed(bool echo = true) const;
};

/// What a cloud is like, beside the faults that each has.
struct hostile_manner {
    cloud::payload_format format = cloud::payload_format::json;
    bool refuses_half = false;  ///< of the certificates, and of the registrations
};

struct hostile_answer {
    milliseconds after;
    std::string topic;
    std::string payload;
};

class hostile_script {
  public:
    explicit hostile_script(std::uint64_t seed, hostile_manner manner = {});

    /// The next board, with its fate. `real_csr`: else the serial stands for its request.
    hostile_board& plug(bool real_csr);
    const std::vector<std::unique_ptr<hostile_board>>& boards() const { return boards_; }

    /// What is published in answer to one request.
    std::vector<hostile_answer> answers(const std::string& topic, std::string_view payload);
    /// A good certificate for a key that nobody here has.
    hostile_answer to_nobody();
    std::uint64_t requests() const { return requests_; }

    /// The certificate in an answer, by id; empty: there is none.
    static std::string certificate_in(const std::string& topic, const std::string& payload);

  private:
    std::string encoded(const nlohmann::json& body) const;
    void send(const std::string& topic, const nlohmann::json& body, int least, int most);
    void send_text(const std::string& topic, const std::string& text, int least, int most);
    nlohmann::json certificate_answer(const std::string& key, const std::string& serial, bool expired,
                                      bool wrong_id);
    void create(const std::string& topic, hostile_board& from);
    void register_thing(const std::string& topic, const hostile_board& from, const std::string& token);
    int roll(int most) { return std::uniform_int_distribution<int>(0, most - 1)(dice_); }

    std::mt19937_64 dice_;
    hostile_manner manner_;
    std::string create_topic_;
    mint certificates_;
    const key_ptr stranger_ = make_key();
    std::vector<std::unique_ptr<hostile_board>> boards_;
    std::map<std::string, hostile_board*> by_csr_, by_serial_;
    std::vector<hostile_answer> out_;
    std::uint64_t requests_ = 0;
};

/// The seed and how many boards, unless FLEETLINE_HOSTILE_SEED and FLEETLINE_HOSTILE_BOARDS say otherwise.
struct hostile_measure {
    explicit hostile_measure(std::size_t usual);
    std::uint64_t seed = 20261124;
    std::size_t boards;
};

}  // namespace fleetline::tests
