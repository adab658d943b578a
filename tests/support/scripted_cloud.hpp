// SPDX-License-Identifier: Apache-2.0
// A cloud that does what the test says, behind the station's `issuer` interface. It keeps books, so that a
// test can ask which certificates were handed out, which are registered to which thing, and which tokens are
// good.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <string>
#include <vector>

#include "core/signal.hpp"
#include "station/issuer.hpp"
#include "support/certificate_maker.hpp"

namespace fleetline::test {

class scripted_cloud final : public station::issuer {
  public:
    explicit scripted_cloud(boost::asio::any_io_executor executor) : up(executor), answers(executor) {
        up.set();
        answers.set();
    }

    station::issuer_status status() const override;
    boost::asio::awaitable<void> available() override;
    boost::asio::awaitable<station::issued_certificate> create_certificate(
        station::certificate_request request) override;
    boost::asio::awaitable<station::issued_keys> create_keys(station::keys_request request) override;
    monotonic_time registrable_from(const station::registration_request& request) const override;
    boost::asio::awaitable<station::registration> register_thing(
        station::registration_request request) override;

    struct book_entry {
        std::string serial;
        std::string thing;  ///< empty: never registered
        std::string token;
        std::map<std::string, std::string> parameters;  ///< that it was registered with
    };

    signal up;
    signal answers;                                  ///< not set: what is asked stays unanswered until it is
    std::map<std::string, book_entry> certificates;  ///< by id: everything that was handed out
    monotonic_time others_until{};  ///< until when an answer about a serial's other certificate may come
    int issue_calls = 0;
    int register_calls = 0;
    std::vector<milliseconds> patience;  ///< of each request, in turn

    /// step ("issue", "register") -> failure codes to throw in turn; with `carried_out` the cloud does the
    /// work first.
    struct wish {
        std::string code;
        bool carried_out = false;
    };
    std::map<std::string, std::vector<wish>> fails;
    station::request_times request_ms;  ///< of what fails

  private:
    void obey(const std::string& step, bool carried_out);

    certificate_maker ca_;
};

}  // namespace fleetline::test
