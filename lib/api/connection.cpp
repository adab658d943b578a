// SPDX-License-Identifier: Apache-2.0
#include "api/connection.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "api/live_feed.hpp"
#include "api/problem.hpp"
#include "api/sockets.hpp"
#include "api/transport.hpp"

namespace fleetline::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

namespace {

constexpr std::size_t write_piece = std::size_t{64} * 1024;
constexpr std::size_t read_buffer = std::size_t{64} * 1024;
constexpr std::size_t drained_at_most = std::size_t{256} * 1024;
constexpr milliseconds drain_patience{2000};

std::string text(beast::string_view from) {
    return {from.data(), from.size()};
}

head head_of(const plain_request& asked) {
    head out;
    out.verb = text(asked.method_string());
    out.target = text(asked.target());
    out.host = text(asked[http::field::host]);
    out.origin = text(asked[http::field::origin]);
    out.fetch_site = text(asked["Sec-Fetch-Site"]);
    out.authorization = text(asked[http::field::authorization]);
    out.content_type = text(asked[http::field::content_type]);
    out.accept_encoding = text(asked[http::field::accept_encoding]);
    out.if_none_match = text(asked[http::field::if_none_match]);
    out.upgrade = beast::websocket::is_upgrade(asked);
    return out;
}

/// Keeps the socket for itself: the connection may be through before whoever asks.
std::function<bool()> watch(int socket) {
    const auto own = std::make_shared<descriptor>(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    return [own] {
        pollfd one{own->get(), POLLRDHUP, 0};
        return ::poll(&one, 1, 0) > 0;
    };
}

class http_connection final : public connection {
  public:
    http_connection(service& here, transport stream, peer from)
        : here_(here), stream_(std::move(stream)), from_(from), buffer_(read_buffer) {}

    asio::awaitable<void> serve() override {
        // Named, because g++ 12 miscompiles a co_await in a condition here.
        bool next = co_await shake_hands();
        while (next) next = co_await one_request();
        co_await say_goodbye();
    }

    void close() override { stream_.lowest().close(); }

  private:
    using parser = http::request_parser<http::string_body>;

    void allow(milliseconds patience) { stream_.lowest().expires_after(patience); }

    asio::awaitable<bool> shake_hands() {
        if (!stream_.encrypted()) co_return true;
        allow(here_.wanted.limit.header_patience);
        error_code error;
        co_await stream_.secure().async_handshake(asio::ssl::stream_base::server,
                                                  asio::redirect_error(asio::use_awaitable, error));
        clean_ = !error;
        co_return clean_;
    }

    /// Whether another one may follow.
    asio::awaitable<bool> one_request() {
        parser_.emplace();
        parser_->header_limit(static_cast<std::uint32_t>(here_.wanted.limit.header_bytes));
        parser_->body_limit(here_.wanted.limit.import_bytes);  // lowered when the route is known
        const bool any = co_await first_bytes();
        if (!any) co_return false;
        allow(here_.wanted.limit.header_patience);
        error_code error;
        co_await http::async_read_header(stream_, buffer_, *parser_,
                                         asio::redirect_error(asio::use_awaitable, error));
        if (error) co_return co_await refuse_broken(error);
        auto admitted = here_.admit(head_of(parser_->get()), from_);
        if (!admitted.refusal && admitted.live) co_return co_await upgrade(admitted);
        if (!admitted.refusal) admitted.refusal = co_await read_body(admitted);
        if (admitted.refusal) co_return co_await send(*admitted.refusal, may_go_on());
        admitted.what.body = std::move(parser_->get().body());
        admitted.what.watch_peer = [this] { return watch(stream_.lowest().socket().native_handle()); };
        auto answer = co_await here_.answer(admitted);
        co_return co_await send(answer, may_go_on());
    }

    /// Waits, as long as an idle connection may, until there is something to parse.
    asio::awaitable<bool> first_bytes() {
        if (buffer_.size() != 0) co_return true;
        allow(here_.wanted.limit.idle_patience);
        error_code error;
        const auto space = buffer_.prepare(std::size_t{4} * 1024);
        const auto length =
            co_await stream_.async_read_some(space, asio::redirect_error(asio::use_awaitable, error));
        buffer_.commit(length);
        clean_ = !error || error == asio::error::eof;
        co_return !error;
    }

    /// A request that is not whole or not HTTP.
    asio::awaitable<bool> refuse_broken(error_code why) {
        std::optional<response> answer;
        if (why == http::error::header_limit || why == http::error::buffer_overflow)
            answer = problem("station-request-header-too-large", "the request's header is longer than 8 KiB");
        else if (why == http::error::body_limit)
            answer = problem("station-request-too-large", "the request's body is too long");
        else if (why == beast::error::timeout)
            answer = std::nullopt;  // Beast has closed the socket
        else if (why.category() == make_error_code(http::error::bad_method).category() &&
                 why != http::error::end_of_stream && why != http::error::partial_message)
            answer = problem("station-request-invalid", "this is not HTTP: " + why.message());
        clean_ = answer.has_value();
        if (answer) co_await send(*answer, false);
        co_return false;
    }

    bool may_go_on() const { return parser_->is_done() && parser_->get().keep_alive(); }

    /// A refusal if there is more than the route takes, or it does not come in time.
    asio::awaitable<std::optional<response>> read_body(const ticket& admitted) {
        const auto announced = parser_->content_length();
        parser_->body_limit(admitted.body_limit);
        if (announced && *announced > admitted.body_limit)
            co_return problem("station-request-too-large",
                              "the body may have " + std::to_string(admitted.body_limit) + " bytes at most");
        if (parser_->is_done()) co_return std::nullopt;
        error_code error;
        allow(here_.wanted.limit.body_patience);
        if (beast::iequals(parser_->get()[http::field::expect], "100-continue"))
            co_await asio::async_write(stream_, asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25),
                                       asio::redirect_error(asio::use_awaitable, error));
        if (!error)
            co_await http::async_read(stream_, buffer_, *parser_,
                                      asio::redirect_error(asio::use_awaitable, error));
        if (error == http::error::body_limit)
            co_return problem("station-request-too-large",
                              "the body may have " + std::to_string(admitted.body_limit) + " bytes at most");
        if (error) co_return problem("station-request-invalid", "the body is not whole: " + error.message());
        co_return std::nullopt;
    }

    asio::awaitable<bool> upgrade(const ticket& admitted) {
        if (!beast::websocket::is_upgrade(parser_->get())) {
            auto answer = problem("station-request-upgrade", "this address is a WebSocket");
            answer.headers.emplace_back("Upgrade", "websocket");
            co_return co_await send(answer, false);
        }
        if (here_.feed->pages() >= here_.wanted.limit.live) {
            auto answer = problem("station-request-too-many", "too many pages are open");
            co_return co_await send(answer, false);
        }
        clean_ = false;
        auto asked = parser_->release();
        auto what = admitted.what;  // named: g++ 12 miscompiles temporaries of this kind inside a co_await
        co_await serve_live(here_, stream_, std::move(asked), std::move(what));
        co_return false;
    }

    asio::awaitable<bool> send(response& answer, bool keep_alive) {
        here_.sent(answer.status);
        const bool only_head = parser_->get().method() == http::verb::head;
        const bool chunked = answer.stream != nullptr && parser_->get().version() >= 11;
        if (answer.stream != nullptr && !chunked) keep_alive = false;
        std::optional<std::size_t> length;
        if (answer.stream == nullptr) length = answer.body.size();
        std::string out = head_text(answer, length, chunked, keep_alive, stream_.encrypted());
        if (!only_head && answer.stream == nullptr) out += answer.body;
        answer.body.clear();
        bool whole = co_await write(out);
        if (whole && !only_head && answer.stream != nullptr) whole = co_await send_stream(answer, chunked);
        clean_ = clean_ && whole;
        co_return whole&& keep_alive;
    }

    asio::awaitable<bool> send_stream(response& answer, bool chunked) {
        for (;;) {
            std::string piece;
            try {
                piece = co_await answer.stream->next();
            } catch (const std::exception& why) {
                here_.log.error(std::string{"An answer broke off: "} + why.what());
                co_return false;
            }
            if (piece.empty()) break;
            if (chunked) piece = chunk_of(piece);
            const bool taken = co_await write(piece);
            if (!taken) co_return false;
        }
        if (!chunked) co_return true;
        const std::string last = "0\r\n\r\n";
        co_return co_await write(last);
    }

    static std::string chunk_of(const std::string& piece) {
        char size[20];
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        return size + piece + "\r\n";
    }

    /// Piece by piece, each within its time: a long answer to a slow client is no reason to break off.
    asio::awaitable<bool> write(const std::string& bytes) {
        error_code error;
        for (std::size_t at = 0; at < bytes.size() && !error;) {
            allow(here_.wanted.limit.write_patience);
            const auto length = std::min(write_piece, bytes.size() - at);
            at += co_await asio::async_write(stream_, asio::buffer(bytes.data() + at, length),
                                             asio::redirect_error(asio::use_awaitable, error));
        }
        co_return !error;
    }

    /// Closing on unread bytes would take the answer away from the client (RST): read a little of them first.
    asio::awaitable<void> say_goodbye() {
        error_code error;
        auto& lowest = stream_.lowest();
        if (!clean_ || !lowest.socket().is_open()) {
            lowest.close();
            co_return;
        }
        allow(drain_patience);
        if (stream_.encrypted())
            co_await stream_.secure().async_shutdown(asio::redirect_error(asio::use_awaitable, error));
        error = {};
        lowest.socket().shutdown(asio::socket_base::shutdown_send, error);
        std::size_t drained = 0;
        buffer_.clear();
        while (!error && drained < drained_at_most)
            drained += co_await lowest.async_read_some(buffer_.prepare(4096),
                                                       asio::redirect_error(asio::use_awaitable, error));
        lowest.close();
    }

    service& here_;
    transport stream_;
    peer from_;
    beast::flat_buffer buffer_;
    std::optional<parser> parser_;
    bool clean_ = true;  ///< nothing went wrong with the connection itself
};

}  // namespace

std::shared_ptr<connection> make_connection(service& here, const asio::any_io_executor& executor, int family,
                                            int socket, peer from, asio::ssl::context* tls) {
    transport::lower::socket_type connected{executor, asio::generic::stream_protocol(family, 0), socket};
    const int yes = 1;
    if (family != AF_UNIX) ::setsockopt(socket, IPPROTO_TCP, /*TCP_NODELAY*/ 1, &yes, sizeof yes);
    return std::make_shared<http_connection>(here, transport{std::move(connected), tls}, from);
}

}  // namespace fleetline::api
