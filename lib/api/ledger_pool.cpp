// SPDX-License-Identifier: Apache-2.0
#include "api/ledger_pool.hpp"

#include <sys/stat.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <utility>
#include <vector>

#include "core/failure.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

/// Zeros: there is none.
struct file_identity {
    dev_t device = 0;
    ino_t inode = 0;
    bool operator==(const file_identity&) const = default;
};

file_identity identity_of(const std::filesystem::path& file) {
    struct stat found {};
    if (::stat(file.c_str(), &found) != 0) return {};
    return {found.st_dev, found.st_ino};
}

}  // namespace

struct ledger_pool::state {
    state(std::filesystem::path file, std::size_t limit) : ledger_file(std::move(file)), queue_limit(limit) {}

    /// With the file that it has open: one that was deleted is read to its end without anybody noticing.
    struct spare_reader {
        std::unique_ptr<ledger::reader> reader;
        file_identity of;
    };

    spare_reader borrow() {
        const auto now = identity_of(ledger_file);
        {
            const std::lock_guard lock{mutex};
            std::erase_if(spare, [&now](const auto& one) { return one.of != now; });
            if (!spare.empty()) {
                auto one = std::move(spare.back());
                spare.pop_back();
                return one;
            }
        }
        return {std::make_unique<ledger::reader>(ledger_file), now};
    }

    void with_reader(const std::function<void(const ledger::reader&)>& job) {
        auto one = borrow();
        job(*one.reader);  // a reader that threw is not used again
        const std::lock_guard lock{mutex};
        spare.push_back(std::move(one));
    }

    std::filesystem::path ledger_file;
    std::size_t queue_limit;
    std::size_t waiting = 0;  // io_context thread
    std::mutex mutex;
    std::vector<spare_reader> spare;
    asio::thread_pool quick{2};
    asio::thread_pool lengthy{2};
};

ledger_pool::ledger_pool(std::filesystem::path ledger_file, std::size_t queue_limit)
    : state_(std::make_unique<state>(std::move(ledger_file), queue_limit)) {}

ledger_pool::~ledger_pool() {
    state_->quick.join();
    state_->lengthy.join();
}

asio::awaitable<void> ledger_pool::run(std::function<void()> job) {
    if (state_->waiting >= state_->queue_limit)
        throw failure("station-request-too-many", "Reading the ledger", "",
                      "too many questions wait already");
    ++state_->waiting;
    std::exception_ptr error;
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [this, &job, &error](auto handler) {
            // The io_context must not run out of work while the answer is on its way.
            auto home = asio::prefer(asio::get_associated_executor(handler),
                                     asio::execution::outstanding_work.tracked);
            asio::post(state_->quick, [home, &job, &error, handler = std::move(handler)]() mutable {
                try {
                    job();
                } catch (...) {
                    error = std::current_exception();
                }
                asio::post(home, std::move(handler));
            });
        },
        asio::use_awaitable);
    --state_->waiting;
    if (error) std::rethrow_exception(error);
}

asio::awaitable<void> ledger_pool::ask(std::function<void(const ledger::reader&)> job) {
    co_await run([this, &job] { state_->with_reader(job); });
}

std::size_t ledger_pool::waiting() const {
    return state_->waiting;
}

void ledger_pool::start(std::function<void(const ledger::reader&)> job,
                        std::function<void(std::exception_ptr)> done) {
    asio::post(state_->lengthy, [this, job = std::move(job), done = std::move(done)] {
        std::exception_ptr error;
        try {
            state_->with_reader(job);
        } catch (...) {
            error = std::current_exception();
        }
        done(error);
    });
}

}  // namespace fleetline::api
