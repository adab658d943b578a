// SPDX-License-Identifier: Apache-2.0
// One serial port, held exclusively: raw, 8 data bits, no parity, one stop bit. Owned by the console of one
// slot; used on the io_context thread only. A device that went away is `port-gone`, a port that somebody else
// holds `port-busy`, everything else `port-failed`; a cancelled call throws system_error(operation_aborted).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace fleetline::serial {

struct port_settings {
    unsigned baud = 115200;  ///< one of the usual rates, 1200 to 4000000
    bool rts_cts = false;    ///< hardware flow control
    bool dtr = true;         ///< state of the DTR line while the port is open; kept at close
    bool rts = true;         ///< the same for RTS; with rts_cts the driver decides
};

class port {
  public:
    /// Opens at once, and blocks with an adapter that is sick; `opener` does not. What the device sent before
    /// is kept (it may tell of its boot): resynchronise.
    port(const boost::asio::any_io_executor& executor, const std::string& path,
         const port_settings& settings);

    /// Takes over a tty that open_tty() has opened; `close` is how its descriptor is given back.
    port(const boost::asio::any_io_executor& executor, std::string path, const port_settings& settings,
         int fd, std::function<void(int)> close);
    port(port&& other) noexcept;
    port& operator=(port&& other) noexcept;
    ~port();

    const std::string& path() const noexcept;
    unsigned baud() const noexcept;

    /// At least one byte; answers how many. `into` must outlive the call.
    boost::asio::awaitable<std::size_t> read_some(std::span<char> into);

    /// Returns when the kernel has taken all of it.
    boost::asio::awaitable<void> write(std::string bytes);

    /// Ends calls that wait (operation_aborted) and frees the port for others. Twice is fine.
    void close() noexcept;

  private:
    struct open_port;
    std::unique_ptr<open_port> open_;
};

}  // namespace fleetline::serial
