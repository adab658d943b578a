// SPDX-License-Identifier: Apache-2.0
// Something that happens once, or again and again, and that coroutines wait for. On one io_context thread
// only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>

namespace fleetline {

class signal {
  public:
    explicit signal(const boost::asio::any_io_executor& executor);
    ~signal();
    signal(const signal&) = delete;
    signal& operator=(const signal&) = delete;

    /// Stays set until reset(); everybody who waits resumes, later waits resume at once.
    void set();
    void reset() { set_ = false; }
    bool is_set() const { return set_; }

    /// Cancelled, throws boost::system::system_error(operation_aborted). The signal must outlive its waiters.
    boost::asio::awaitable<void> wait();

  private:
    struct waiters;
    std::unique_ptr<waiters> waiters_;
    bool set_ = false;
};

}  // namespace fleetline
