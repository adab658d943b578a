// SPDX-License-Identifier: Apache-2.0
#include "api/report_stream.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <utility>

#include "api/sockets.hpp"
#include "core/failure.hpp"
#include "report/output.hpp"
#include "report/writer.hpp"

namespace fleetline::api {

namespace asio = boost::asio;

namespace {

constexpr std::size_t piece_size = std::size_t{64} * 1024;

/// How the writer's end went; set before its end of the pipe is closed.
struct outcome {
    std::mutex mutex;
    bool whole = false;
    std::exception_ptr error;
};

bool is_over(const report_end& over) {
    return over.stopping->load() || (over.gone && over.gone());
}

/// Both passes over the ledger, the cover's and the rows', see the same moment, and neither outlasts its use.
class held_still {
  public:
    held_still(const ledger::reader& book, const report_end& over) : book_(book) {
        book_.hold_still();
        book_.break_off_when([&over] { return is_over(over); });
    }
    held_still(const held_still&) = delete;
    held_still& operator=(const held_still&) = delete;
    ~held_still() {
        book_.break_off_when({});
        book_.move_on();
    }

  private:
    const ledger::reader& book_;
};

std::unique_ptr<report::writer> make_writer(const ledger::reader& book, const report_wish& wish,
                                            report::output& to) {
    if (wish.format == report_format::csv) return report::make_csv_writer(to);
    if (wish.format == report_format::jsonl) return report::make_jsonl_writer(to);
    auto front =
        report::make_cover(book, wish.station, wish.rows,
                           std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now()));
    if (wish.format == report_format::xlsx) return report::make_xlsx_writer(to, std::move(front));
    return report::make_pdf_writer(to, std::move(front));
}

void write_report(const ledger::reader& book, const report_wish& wish, const report_end& over, int pipe_end) {
    // A client that left is an error here, not the end of the daemon.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    auto to = report::output::to_descriptor(pipe_end, "the client");
    const held_still moment{book, over};
    const auto writer = make_writer(book, wish, to);
    book.attempts(wish.rows, [&writer](const ledger::attempt_row& row) {
        writer->row(row);
        return true;
    });
    if (is_over(over)) return;  // a workbook's end is long
    writer->finish();
    to.flush();
}

void write_unless_over(const ledger::reader& book, const report_wish& wish, const report_end& over,
                       int pipe_end) {
    std::exception_ptr error;
    try {
        write_report(book, wish, over, pipe_end);
    } catch (...) {
        error = std::current_exception();
    }
    if (over.stopping->load())
        throw failure("station-stopping", "Writing a report", "", "the station is being stopped");
    if (is_over(over))
        throw failure("station-request-timeout", "Writing a report", "", "the client has gone");
    if (error) std::rethrow_exception(error);
}

class report_stream final : public body_source {
  public:
    report_stream(const asio::any_io_executor& executor, int read_end, std::shared_ptr<outcome> went,
                  milliseconds patience)
        : from_(executor, read_end),
          went_(std::move(went)),
          until_(std::chrono::steady_clock::now() + patience) {}

    asio::awaitable<void> begin() { first_ = co_await read(); }

    asio::awaitable<std::string> next() override {
        if (!first_.empty()) co_return std::exchange(first_, {});
        auto piece = co_await read();
        co_return piece;
    }

  private:
    asio::awaitable<std::string> read() {
        if (std::chrono::steady_clock::now() > until_)
            throw failure("station-request-timeout", "Sending a report", "",
                          "the client takes it too slowly");
        std::string piece(piece_size, '\0');
        boost::system::error_code error;
        const auto length = co_await from_.async_read_some(asio::buffer(piece),
                                                           asio::redirect_error(asio::use_awaitable, error));
        piece.resize(length);
        if (error) {
            const std::lock_guard lock{went_->mutex};
            if (went_->error) std::rethrow_exception(went_->error);
            if (!went_->whole)
                throw failure("station-internal", "Sending a report", "", "its writer has gone");
            piece.clear();
        }
        co_return piece;
    }

    asio::posix::stream_descriptor from_;
    std::shared_ptr<outcome> went_;
    std::chrono::steady_clock::time_point until_;
    std::string first_;
};

}  // namespace

asio::awaitable<std::unique_ptr<body_source>> stream_report(ledger_pool& pool, report_wish wish,
                                                            std::shared_ptr<void> running, report_end over,
                                                            milliseconds patience) {
    const auto executor = co_await asio::this_coro::executor;
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw failure("station-request-too-many", "Sending a report", "", std::strerror(errno));
    auto write_end = std::make_shared<descriptor>(ends[1]);
    auto went = std::make_shared<outcome>();
    auto source = std::make_unique<report_stream>(executor, ends[0], went, patience);
    pool.start([wish = std::move(wish), over = std::move(over), write_end](
                   const ledger::reader& book) { write_unless_over(book, wish, over, write_end->get()); },
               [went, write_end, running = std::move(running)](const std::exception_ptr& error) {
                   {
                       const std::lock_guard lock{went->mutex};
                       went->whole = !error;
                       went->error = error;
                   }
                   ::close(write_end->release());
               });
    co_await source->begin();
    co_return source;
}

}  // namespace fleetline::api
