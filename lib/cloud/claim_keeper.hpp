// SPDX-License-Identifier: Apache-2.0
// Where the claim comes from: files, a key in the TPM, or a command that fetches one for some minutes (a
// trusted user, `aws iot create-provisioning-claim`). Hands out file names, the one form the MQTT library
// takes; a fetched claim lives in memory files that are gone with the process. Owned by the session,
// io_context thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cloud/claim.hpp"
#include "cloud/settings.hpp"
#include "core/failure.hpp"
#include "core/secret.hpp"
#include "core/time_source.hpp"

namespace fleetline::cloud {

class claim_keeper {
  public:
    claim_keeper(const session_settings& settings, time_source& time);
    ~claim_keeper();
    claim_keeper(const claim_keeper&) = delete;
    claim_keeper& operator=(const claim_keeper&) = delete;

    /// Before every connect: fetches a claim if there is none or it ends soon, and checks it.
    boost::asio::awaitable<claim_report> prepare();

    /// The cloud does not take the fetched claim: the next prepare() fetches another.
    void forget() { ends_ = {}; }

    /// The settings with the names of the files to use now; valid until the next prepare().
    const session_settings& ready() const { return ready_; }

  private:
    class memory_file;

    boost::asio::awaitable<std::optional<trouble>> fetch();

    time_source& time_;
    session_settings ready_;
    std::unique_ptr<memory_file> certificate_;
    std::unique_ptr<memory_file> key_;
    utc_time ends_{};
};

/// What a claim command printed.
struct fetched_claim {
    std::string certificate_pem;
    secret key_pem;
    utc_time ends{};  ///< the epoch if it was not said
};

checked<fetched_claim> read_claim(std::string_view json);

}  // namespace fleetline::cloud
