// SPDX-License-Identifier: Apache-2.0
#include "cloud/diagnosis.hpp"

#include <boost/asio/this_coro.hpp>

#include "cloud/examination.hpp"
#include "core/encoding.hpp"

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
    examination way(executor, settings, time);
    auto found = co_await go_there(way);
    if (found) co_return std::move(*found);
    co_return mute_refusal(settings, said);
}

}  // namespace fleetline::cloud
