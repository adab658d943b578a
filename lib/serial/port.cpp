// SPDX-License-Identifier: Apache-2.0
#include "serial/port.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "core/failure.hpp"
#include "serial/tty.hpp"

namespace fleetline::serial {

struct port::open_port {
    open_port(const boost::asio::any_io_executor& executor, std::string where, unsigned baud_rate, int fd,
              std::function<void(int)> how_to_close)
        : path(std::move(where)), baud(baud_rate), tty(executor, fd), close(std::move(how_to_close)) {}

    [[noreturn]] void throw_failure(const boost::system::system_error& error, const char* doing) const {
        const auto& code = error.code();
        if (code == boost::asio::error::operation_aborted || code == boost::asio::error::bad_descriptor)
            throw boost::system::system_error(boost::asio::error::operation_aborted);
        const bool gone = code == boost::asio::error::eof || means_gone(code.value());
        throw failure(gone ? "port-gone" : "port-failed", doing, path,
                      gone ? "the port went away" : code.message());
    }

    std::string path;
    unsigned baud;
    boost::asio::posix::stream_descriptor tty;
    std::function<void(int)> close;
};

port::port(const boost::asio::any_io_executor& executor, const std::string& path,
           const port_settings& settings)
    : port(executor, path, settings, open_tty(path, settings), close_tty) {}
port::port(const boost::asio::any_io_executor& executor, std::string path, const port_settings& settings,
           int fd, std::function<void(int)> close)
    : open_(std::make_unique<open_port>(executor, std::move(path), settings.baud, fd, std::move(close))) {}
port::port(port&& other) noexcept = default;
port& port::operator=(port&& other) noexcept {
    close();
    open_ = std::move(other.open_);
    return *this;
}
port::~port() {
    close();
}

const std::string& port::path() const noexcept {
    return open_->path;
}

unsigned port::baud() const noexcept {
    return open_->baud;
}

boost::asio::awaitable<std::size_t> port::read_some(std::span<char> into) {
    try {
        co_return co_await open_->tty.async_read_some(boost::asio::buffer(into.data(), into.size()),
                                                      boost::asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        open_->throw_failure(error, "Reading from the board");
    }
}

boost::asio::awaitable<void> port::write(std::string bytes) {
    try {
        co_await boost::asio::async_write(open_->tty, boost::asio::buffer(bytes), boost::asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        open_->throw_failure(error, "Writing to the board");
    }
}

void port::close() noexcept {
    if (!open_ || !open_->tty.is_open()) return;
    open_->close(open_->tty.release());
}

}  // namespace fleetline::serial
