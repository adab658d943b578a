// SPDX-License-Identifier: Apache-2.0
#include "cloud/diagnosis.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <functional>
#include <system_error>

#include "cloud/examination.hpp"
#include "cloud/tpm.hpp"
#include "core/aside.hpp"
#include "core/encoding.hpp"
#include "core/within.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

namespace {

/// nullopt: everything up to TLS is fine.
asio::awaitable<std::optional<trouble>> go_there(examination& way) {
    auto found = way.set_up();
    if (!found) found = co_await way.look_up();
    if (!found) found = co_await way.connect();
    if (!found) found = co_await way.pass_proxy();
    if (!found) found = co_await way.shake_hands();
    if (!found) found = co_await way.listen();
    co_return found;
}

/// The TPM has no patience of its own, and a call into it blocks: one thread at a time is risked for it,
/// which goes all the way, for the handshake signs with the key.
constexpr milliseconds tpm_limit{30'000};
std::atomic<bool> tpm_asked{false};

std::optional<trouble> go_there_alone(const session_settings& settings) {
    std::optional<trouble> found;
    asio::io_context io{1};
    system_time_source time;
    examination way(io.get_executor(), settings, time);
    asio::co_spawn(
        io, go_there(way), [&found](const std::exception_ptr& error, std::optional<trouble> result) {
            found = error ? trouble{"cloud-unreachable", "The way to the cloud cannot be looked at"}
                          : std::move(result);
        });
    io.run();
    return found;
}

asio::awaitable<std::optional<trouble>> go_there_aside(session_settings settings, time_source& time) {
    const trouble mute{"cloud-claim-invalid", "The TPM that holds the claim's key does not answer"};
    if (tpm_asked.exchange(true)) co_return mute;
    std::function<std::optional<trouble>()> work = [settings]() -> std::optional<trouble> {
        // Freeing the key asks the TPM, too; two at a time it does not take.
        struct asked {
            ~asked() { tpm_asked = false; }
        } until_all_is_freed;
        try {
            return go_there_alone(settings);
        } catch (const std::exception& error) {  // TLS asks it for random numbers
            return trouble{"cloud-claim-invalid", "The TPM cannot be used: " + printable(error.what())};
        }
    };
    try {
        auto going = aside(std::move(work));
        auto found = co_await within(time, tpm_limit, std::move(going));
        if (found) co_return std::move(*found);
    } catch (const std::system_error&) {
        tpm_asked = false;  // no thread
    }
    co_return mute;
}

}  // namespace

std::optional<trouble> connack_trouble(int reason, const session_settings& settings) {
    const auto as = " as '" + settings.client_id + "'";
    switch (reason) {
        case 2:
        case 0x85:
            return trouble{"cloud-policy-denies",
                           "The cloud does not take the client id '" + settings.client_id + "'"};
        case 3:
        case 0x88:
        case 0x89:
            return trouble{"cloud-unreachable", "The cloud says that it is not available now"};
        case 4:
        case 5:
        case 0x86:
        case 0x87:
        case 0x8A:
            return trouble{"cloud-claim-refused",
                           "The cloud refuses the session: the claim certificate is not "
                           "active, or its policy does not allow connecting" +
                               as};
        case 0x97:
        case 0x9F:
            return trouble{"cloud-throttled", "The cloud takes no more connections at the moment"};
        default:
            return std::nullopt;
    }
}

trouble mute_refusal(const session_settings& settings, const std::string& said) {
    return {"cloud-claim-refused",
            "The cloud takes the connection and ends it when the session begins: the claim certificate is "
            "not active, or its policy does not allow connecting as '" +
                settings.client_id + "' (" + printable(said) + ")"};
}

asio::awaitable<trouble> diagnose(const session_settings& settings, time_source& time, int reason,
                                  std::string said) {
    if (auto told = connack_trouble(reason, settings)) co_return std::move(*told);
    const auto executor = co_await asio::this_coro::executor;
    std::optional<trouble> found;
    if (is_tpm_key(settings.claim.key_file.string())) {
        found = co_await go_there_aside(settings, time);
    } else {
        examination way(executor, settings, time);
        found = co_await go_there(way);
    }
    if (found) co_return std::move(*found);
    co_return mute_refusal(settings, said);
}

}  // namespace fleetline::cloud
