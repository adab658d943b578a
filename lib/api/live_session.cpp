// SPDX-License-Identifier: Apache-2.0
// One page's live feed over WebSocket.
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "api/live_feed.hpp"
#include "api/service.hpp"
#include "api/transport.hpp"

namespace fleetline::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;

namespace {

constexpr std::size_t most_from_page = 4096;  // pages have nothing to say; the rest is a mistake

class live_session {
  public:
    live_session(service& here, transport stream)
        : here_(here),
          lowest_(stream),
          socket_(std::move(stream)),
          wake_(socket_.get_executor(), asio::steady_timer::time_point::max()) {}

    asio::awaitable<void> run(plain_request asked, request what) {
        configure();
        boost::system::error_code error;
        co_await socket_.async_accept(asked, asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return;
        // Nobody may have looked for a while: bring the feed up to date first.
        here_.refresh_feed();
        who_ = what.by;
        live_feed::subscription page{*here_.feed, [this, &page] { woken(page); }};
        const auto* seen = what.asked("since");
        here_.feed->start(page, seen != nullptr ? *seen : std::string{});
        using namespace asio::experimental::awaitable_operators;
        co_await (write_all(page) && read_all());
    }

  private:
    void configure() {
        const auto ping = here_.wanted.limit.live_ping;
        lowest_.lowest().expires_never();
        socket_.set_option(websocket::stream_base::timeout{ping, 2 * ping, true});
        socket_.set_option(websocket::stream_base::decorator(
            [](websocket::response_type& answer) { answer.set(beast::http::field::server, "fleetline"); }));
        socket_.read_message_max(most_from_page);
        socket_.text(true);
        socket_.auto_fragment(false);  // a snapshot in pieces of 4 KiB is a hundred system calls
    }

    /// A page that does not take what is sent is not waited for.
    void woken(const live_feed::subscription& page) {
        if (page.too_slow()) lowest_.lowest().close();
        wake_.cancel();
    }

    void end() {
        ended_ = true;
        lowest_.lowest().close();
        wake_.cancel();
    }

    asio::awaitable<void> write_all(live_feed::subscription& page) {
        boost::system::error_code error;
        while (!ended_ && !page.too_slow()) {
            if (const auto message = page.next()) {
                co_await socket_.async_write(asio::buffer(*message),
                                             asio::redirect_error(asio::use_awaitable, error));
                if (error || !here_.still_welcome(*who_)) break;
            } else {
                wake_.expires_at(asio::steady_timer::time_point::max());
                co_await wake_.async_wait(asio::redirect_error(asio::use_awaitable, error));
            }
        }
        end();
    }

    asio::awaitable<void> read_all() {
        beast::flat_buffer buffer;
        boost::system::error_code error;
        while (!error) {
            buffer.clear();
            co_await socket_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
        }
        end();
    }

    service& here_;
    transport lowest_;
    websocket::stream<transport> socket_;
    asio::steady_timer wake_;
    std::optional<caller> who_;
    bool ended_ = false;
};

}  // namespace

asio::awaitable<void> serve_live(service& here, transport stream, plain_request asked, request what) {
    live_session session{here, std::move(stream)};
    co_await session.run(std::move(asked), std::move(what));
}

}  // namespace fleetline::api
