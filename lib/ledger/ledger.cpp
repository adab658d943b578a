// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.hpp"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <span>
#include <thread>
#include <utility>

#include "ledger/outside_copy.hpp"
#include "ledger/resume.hpp"
#include "ledger/writer.hpp"

namespace asio = boost::asio;

namespace fleetline::ledger {

namespace {

constexpr std::size_t queue_limit = 65'536;
constexpr std::chrono::hours sign_every{1};
constexpr std::chrono::minutes sign_again_after{1};  // it failed
constexpr std::chrono::hours drop_every{24};
constexpr std::chrono::seconds probe_every{1};         // while it cannot be written
constexpr std::chrono::seconds look_at_file_every{5};  // while it can

/// What a caller waits for. Made, settled and waited for on the executor's thread; the ledger's thread only
/// carries it.
template <class T>
struct pending {
    std::optional<T> value;
    std::exception_ptr error;
    bool settled = false;
    std::function<void()> resume;

    void settle() {
        settled = true;
        if (resume) std::exchange(resume, nullptr)();
    }
};

/// Whoever waits for the ledger belongs to the io_context, as whoever waits for a timer does: it drops them
/// when it is shut down.
class waiting_room final : public asio::execution_context::service {
  public:
    using key_type = waiting_room;
    static inline asio::execution_context::id id;

    explicit waiting_room(asio::execution_context& of) : service(of) {}

    /// Answers what lets it out.
    std::function<void()> enter(std::function<void()> waiting) {
        waiting_.push_front(std::move(waiting));
        return [this, at = waiting_.begin()] {
            const auto next = std::move(*at);
            waiting_.erase(at);
            next();
        };
    }

  private:
    void shutdown() override { const auto dropped = std::exchange(waiting_, {}); }

    std::list<std::function<void()>> waiting_;
};

template <class T>
asio::awaitable<T> wait(std::shared_ptr<pending<T>> what, asio::any_io_executor executor) {
    if (!what->settled) {
        auto& room = asio::use_service<waiting_room>(asio::query(executor, asio::execution::context));
        co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
            [&what, &executor, &room](auto handler) {
                // The work guard keeps the io_context running while the disk is busy.
                auto held = std::make_shared<decltype(handler)>(std::move(handler));
                auto guard = std::make_shared<asio::executor_work_guard<asio::any_io_executor>>(executor);
                what->resume = room.enter([held, guard] { std::move (*held)(); });
            },
            asio::use_awaitable);
    }
    if (what->error) std::rethrow_exception(what->error);
    co_return std::move(*what->value);
}

/// Something to do with the ledger's connection.
struct job {
    std::function<void(writer&)> run;
    std::function<void()> answer;  ///< called on the executor afterwards
};

/// One thing for the ledger's thread to do.
struct task {
    accepted to_write;
    std::shared_ptr<pending<receipt>> caller;  ///< of the event; none: nobody waits
    job instead;                               ///< of an event, if there is one
};

/// What a turn does: events with who waits for each, if anybody, and jobs.
struct turn {
    std::vector<std::shared_ptr<pending<receipt>>> callers;
    std::vector<job> jobs;
};

constexpr std::size_t usual_most = 4096;  // of tasks at once, unless there was a jam

/// Its memory is used again, unless there was a jam.
template <class T>
void clear_for_reuse(std::vector<T>& what) {
    what.clear();
    if (what.capacity() > usual_most) what.shrink_to_fit();
}

}  // namespace

class ledger::impl {
  public:
    impl(options wanted, asio::any_io_executor executor, time_source& time, const logger& log)
        : wanted_(std::move(wanted)),
          executor_(std::move(executor)),
          time_(time),
          log_(log),
          writer_(wanted_) {
        last_at_ = {time_.utc_now(), std::chrono::steady_clock::now()};
        signed_at_ = moment();
        if (!wanted_.checkpoint_file.empty() && writer_.can_sign())
            outside_.emplace(wanted_.checkpoint_file, wanted_.file, writer_.checkpoints(1000), log_);
        if (wanted_.threaded) thread_ = std::thread([this] { work(); });
    }

    ~impl() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        awake_.notify_one();
        if (thread_.joinable()) thread_.join();
        *committed_ = nullptr;
        while (!queue_.empty()) take_turn();  // of one that is scheduled
        sign_head_if(writer_.events_since_checkpoint() > 0);
        for (const auto& lost : kept_)
            log_.error("The ledger could not be written to the end: '" + std::string(kind_of(lost.what)) +
                       "' is not recorded");
    }

    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;

    std::shared_ptr<pending<receipt>> append(event what, bool somebody_waits,
                                             std::vector<std::string> serials = {}) {
        task next;
        next.to_write.what = std::move(what);
        if (const auto* ended = std::get_if<attempt_finished>(&next.to_write.what))
            if (auto told = transcripts_.extract(ended->attempt.text()))
                next.to_write.transcript = std::move(told.mapped());
        next.to_write.serials = std::move(serials);
        next.to_write.at = time_.utc_now();
        next.to_write.clock_synchronised = time_.synchronised();
        prepare(next.to_write);
        if (somebody_waits) next.caller = std::make_shared<pending<receipt>>();
        auto caller = next.caller;
        accept(std::move(next));
        return caller;
    }

    enum class job_kind { reads, writes };

    template <class T>
    std::shared_ptr<pending<T>> ask(std::function<T(writer&)> question, job_kind kind = job_kind::reads) {
        auto caller = std::make_shared<pending<T>>();
        task next;
        next.instead.run = [caller, question = std::move(question), kind, this](writer& to) {
            try {
                if (kind == job_kind::reads) {
                    to.begin_reading();
                } else {
                    to.end_reading();
                    to.check_file();
                }
                caller->value.emplace(question(to));
            } catch (const SQLite::Exception& error) {
                caller->error =
                    std::make_exception_ptr(ledger_failure_from(error, "Reading the ledger", wanted_.file));
                if (is_damage(caller->error)) note(caller->error);
            } catch (...) {
                caller->error = std::current_exception();
            }
        };
        next.instead.answer = [caller] { caller->settle(); };
        accept(std::move(next));
        return caller;
    }

    std::shared_ptr<pending<bool>> flush() {
        return ask<bool>(
            [this](writer&) {
                if (!kept_.empty()) write();
                if (const auto why = trouble(); !why.empty() && !kept_.empty())
                    throw ledger_failure("station-ledger-unwritable", "Recording", wanted_.file, why);
                return true;
            },
            job_kind::writes);
    }

    std::shared_ptr<pending<checkpoint>> make_checkpoint() {
        return ask<checkpoint>(
            [this, at = now()](writer& to) {
                auto made = to.sign_head(at);
                if (outside_) outside_->add(made);
                return made;
            },
            job_kind::writes);
    }

    void store_transcript(const attempt_id& attempt, std::string text) {
        transcripts_[attempt.text()] = std::move(text);
    }

    void on_commit(std::function<void(milliseconds, std::int64_t)> callback) {
        *committed_ = std::move(callback);
    }

    const asio::any_io_executor& executor() const { return executor_; }
    utc_time now() const { return time_.utc_now(); }

    std::string trouble() const {
        const std::lock_guard lock(mutex_);
        return trouble_;
    }

    backlog waiting() const {
        const std::lock_guard lock(mutex_);
        return {queue_.size() + in_hand_, kept_count_};
    }

  private:
    void accept(task next) {
        if (!wanted_.threaded && !wanted_.schedule) {
            carry_out({&next, 1});
            sign_head_when_due();
            drop_transcripts_when_due();
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() >= queue_limit)
                throw ledger_failure("station-ledger-unwritable", "Recording", wanted_.file,
                                     "too many events wait to be written");
            queue_.push_back(std::move(next));
        }
        awake_.notify_one();
        if (wanted_.schedule) schedule_turn();
    }

    void schedule_turn() {
        if (std::exchange(turn_due_, true)) return;
        wanted_.schedule(milliseconds{0}, [this] {
            turn_due_ = false;
            take_turn();
            if (!queue_.empty()) schedule_turn();
            probe_while_in_trouble();
        });
    }

    /// In place of the thread's waking up by itself.
    void probe_while_in_trouble() {
        if (trouble().empty() || std::exchange(probe_due_, true)) return;
        wanted_.schedule(probe_every, [this] {
            probe_due_ = false;
            take_turn();
            probe_while_in_trouble();
        });
    }

    /// Of the thread, or a scheduled one: what waits is written, or whether it can be is tried.
    void take_turn() {
        take(group_, wanted_.commit_limit);
        if (group_.empty())
            probe();
        else
            carry_out(group_);
        {
            const std::lock_guard lock(mutex_);
            in_hand_ = 0;
        }
        sign_head_when_due();
        drop_transcripts_when_due();
    }

    /// The first of what waits, at most so many; it is in hand then.
    void take(std::vector<task>& into, std::size_t most) {
        clear_for_reuse(into);
        if (wanted_.taken_at_once) most = std::min(most, std::max<std::size_t>(1, wanted_.taken_at_once()));
        const std::lock_guard lock(mutex_);
        if (queue_.size() <= most) {
            into.swap(queue_);
        } else {
            const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(most);
            into.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
            queue_.erase(queue_.begin(), end);
        }
        in_hand_ += into.size();
    }

    void work() {
        make_key();
        while (true) {
            {
                std::unique_lock lock(mutex_);
                const auto ready = [this] { return stopping_ || !queue_.empty(); };
                awake_.wait_for(lock, trouble_.empty() ? look_at_file_every : probe_every, ready);
                if (queue_.empty() && stopping_) break;
            }
            take_turn();
        }
        if (!kept_.empty() && !damage_) write();  // what the last group's trouble kept has one more try
    }

    /// Events first, all in one transaction: a job sees everything that was accepted before it, and whatever
    /// came with it. (Were their order kept, each question of a slot would be a transaction more for the
    /// others.)
    void carry_out(std::span<task> group) {
        turn now;
        now.callers.resize(kept_.size());
        if (part(group, kept_, now) > 0) write(now, wanted_.commit_limit);
        if (now.jobs.empty()) return;
        for (auto& one : now.jobs) one.run(writer_);
        writer_.end_reading();
        asio::post(executor_, [jobs = std::move(now.jobs)] {
            for (const auto& one : jobs) one.answer();
        });
    }

    /// Answers how many are events. Without memory the process ends: it would lose an event whose caller
    /// waits.
    static std::size_t part(std::span<task> tasks, std::vector<accepted>& events, turn& into) noexcept {
        const std::size_t before = events.size();
        events.reserve(before + tasks.size());
        for (auto& one : tasks) {
            if (one.instead.run) {
                into.jobs.push_back(std::move(one.instead));
                continue;
            }
            events.push_back(std::move(one.to_write));
            into.callers.push_back(std::move(one.caller));
        }
        return events.size() - before;
    }

    void write() {
        turn nobody;
        nobody.callers.resize(kept_.size());
        write(nobody, 0);
    }

    /// What is kept and, up to so many tasks in all, what comes while it is being written: those whose events
    /// were written just before are being told meanwhile, and bring their next ones. So all slots share a
    /// transaction, and none waits for a slower one: it ends when there are no more.
    void write(turn& now, std::size_t most) {
        const auto began = std::chrono::steady_clock::now();
        std::vector<std::vector<accepted>> late;
        std::size_t tasks = now.callers.size() + now.jobs.size();
        const auto trouble = write_unless_damaged(kept_, [&]() noexcept -> std::span<accepted> {
            take(late_, most - std::min(most, tasks));
            tasks += late_.size();
            auto& events = late.emplace_back();
            part(late_, events, now);
            return events;
        });
        const auto took = std::chrono::round<milliseconds>(std::chrono::steady_clock::now() - began);
        note(trouble);
        late.insert(late.begin(), std::exchange(kept_, {}));
        tell(std::move(late), now.callers, trouble, took);
    }

    /// Each caller what came of its event. What nobody waits for is kept when it could not be written.
    void tell(std::vector<std::vector<accepted>> written,
              std::vector<std::shared_ptr<pending<receipt>>>& callers, const std::exception_ptr& trouble,
              milliseconds took) {
        std::size_t written_now = 0;
        if (trouble) kept_.reserve(callers.size());
        last_at_.second = std::chrono::steady_clock::now();
        auto caller = callers.begin();
        for (auto& part : written)
            for (auto& each : part) {
                if (!each.error) ++written_now;
                last_at_.first = each.at;
                if (*caller) {
                    (*caller)->error = each.error;
                    (*caller)->value = std::move(each.done);
                } else if (each.error && each.error == trouble && kept_.size() < queue_limit) {
                    each.error = nullptr;
                    kept_.push_back(std::move(each));
                } else if (each.error) {
                    report("An event nobody waits for was not recorded", each.error);
                }
                ++caller;
            }
        if (callers.size() > usual_most) written.clear();  // they would hold up the callers' thread
        {
            const std::lock_guard lock(mutex_);
            kept_count_ = kept_.size();
        }
        // The events' memory is given back where it was taken: two threads at it would wait for one another.
        asio::post(executor_, [callers = std::move(callers), written = std::move(written),
                               committed = committed_, took, written_now] {
            if (*committed && written_now > 0) (*committed)(took, static_cast<std::int64_t>(written_now));
            for (const auto& one : callers)
                if (one) one->settle();
        });
    }

    /// What was found damaged takes nothing more in this life: a page that is well would let a board begin
    /// whose certificate then finds no place.
    std::exception_ptr write_unless_damaged(std::span<accepted> group, const late_events& more) {
        if (!damage_) return writer_.write(group, more);
        for (auto& each : group) each.error = damage_;
        return damage_;
    }

    static bool is_damage(const std::exception_ptr& trouble) {
        try {
            if (trouble) std::rethrow_exception(trouble);
        } catch (const failure& why) {
            return why.code() == "station-ledger-broken";
        } catch (const std::exception&) {
            return false;
        }
        return false;
    }

    /// Every so many events, and every hour in which there were any.
    void sign_head_when_due() {
        const auto events = writer_.events_since_checkpoint();
        const auto now = moment();
        const bool long_ago = now - signed_at_ >= sign_every;
        const bool may = now >= sign_again_at_;
        sign_head_if(may && (events >= wanted_.checkpoint_every || (events > 0 && long_ago)));
    }

    void sign_head_if(bool due) {
        if (!due || !writer_.can_sign() || !trouble().empty()) return;
        signed_at_ = moment();
        try {
            auto made = writer_.sign_head(about_now());
            if (outside_) outside_->add(std::move(made));
        } catch (const std::exception& why) {
            cannot_sign(why.what());
        }
    }

    void probe() {
        if (damage_) return;
        if (!kept_.empty()) return write();
        try {
            if (trouble().empty())
                writer_.check_file();
            else
                writer_.probe();
            note(nullptr);
        } catch (...) {
            note(std::current_exception());
        }
        make_key();
    }

    /// For what is due every so often. In virtual time its hours are virtual too.
    std::chrono::steady_clock::time_point moment() const {
        return wanted_.threaded ? std::chrono::steady_clock::now() : time_.now();
    }

    /// The clocks belong to the other thread; the last event's time goes on from when it came.
    utc_time about_now() const {
        if (!wanted_.threaded) return last_at_.first;
        return last_at_.first +
               std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - last_at_.second);
    }

    /// Once a day, the first time at the start; some at each turn.
    void drop_transcripts_when_due() {
        const auto now = moment();
        if (wanted_.transcript_days == 0 || now < drop_at_ || !trouble().empty()) return;
        try {
            const bool more =
                writer_.drop_some_transcripts(about_now() - std::chrono::days{wanted_.transcript_days});
            if (!more) drop_at_ = now + drop_every;
        } catch (const std::exception& why) {
            drop_at_ = now + drop_every;
            log_.error(std::string("Old transcripts are not dropped: ") + why.what());
        }
    }

    /// At the first start it takes a moment; afterwards the key is only read.
    void make_key() {
        if (!writer_.can_sign() || moment() < sign_again_at_) return;
        try {
            writer_.open_key();
        } catch (const std::exception& why) {
            cannot_sign(why.what());
        }
    }

    void cannot_sign(const std::string& why) {
        log_.error("The ledger's head is not signed: " + why);
        sign_again_at_ = moment() + sign_again_after;
    }

    void note(const std::exception_ptr& trouble) {
        if (!damage_ && is_damage(trouble)) damage_ = trouble;
        std::string text;
        if (trouble) {
            try {
                std::rethrow_exception(trouble);
            } catch (const failure& why) {
                text = why.reason();
            } catch (const std::exception& why) {
                text = why.what();
            }
        }
        if (damage_) text += "; boards are taken again after 'fleetline restore' and a restart";
        if (const auto notice = writer_.take_notice(); !notice.empty()) log_.error(notice);
        const std::lock_guard lock(mutex_);
        if (trouble_.empty() && !text.empty())
            log_.error("The ledger cannot be written: " + text, {{"CODE", "station-ledger-unwritable"}});
        if (!trouble_.empty() && text.empty()) log_.info("The ledger can be written again");
        trouble_ = std::move(text);
    }

    void report(std::string_view what, const std::exception_ptr& error) const {
        try {
            std::rethrow_exception(error);
        } catch (const std::exception& why) {
            log_.error(std::string(what) + ": " + why.what());
        }
    }

    using commit_listener = std::function<void(milliseconds, std::int64_t)>;

    options wanted_;
    std::shared_ptr<commit_listener> committed_ = std::make_shared<commit_listener>();  ///< executor's thread
    asio::any_io_executor executor_;
    time_source& time_;
    const logger& log_;
    writer writer_;  ///< on the ledger's thread, once that runs
    std::pair<utc_time, std::chrono::steady_clock::time_point>
        last_at_{};                                          ///< likewise: the last event's, and when it came
    std::chrono::steady_clock::time_point signed_at_{};      ///< likewise
    std::chrono::steady_clock::time_point sign_again_at_{};  ///< likewise
    std::chrono::steady_clock::time_point drop_at_{};        ///< likewise
    std::optional<outside_copy> outside_;
    std::exception_ptr damage_;                       ///< likewise: that was found in the file; it stays
    std::map<std::string, std::string> transcripts_;  ///< by attempt, executor's thread
    std::vector<accepted> kept_;  ///< ledger's thread: what nobody waits for and could not be written yet
    std::vector<task> group_;     ///< likewise: what is in hand
    std::vector<task> late_;      ///< likewise: what came while it was written

    mutable std::mutex mutex_;
    std::condition_variable awake_;
    std::vector<task> queue_;
    std::size_t in_hand_ = 0;     ///< of the queue's tasks
    std::size_t kept_count_ = 0;  ///< of kept_, for others
    std::string trouble_;
    bool stopping_ = false;
    bool turn_due_ = false;   ///< scheduled
    bool probe_due_ = false;  ///< likewise
    std::thread thread_;
};

ledger::ledger(options wanted, asio::any_io_executor executor, time_source& time, const logger& log)
    : impl_(std::make_unique<impl>(std::move(wanted), std::move(executor), time, log)) {}

ledger::~ledger() = default;

asio::awaitable<receipt> ledger::append(event what) {
    // Accepted here, not when first awaited: a caller that is being cancelled has its event written too.
    return wait(impl_->append(std::move(what), true), impl_->executor());
}

void ledger::append_later(event what) {
    impl_->append(std::move(what), false);
}

void ledger::on_commit(std::function<void(milliseconds, std::int64_t)> callback) {
    impl_->on_commit(std::move(callback));
}

asio::awaitable<receipt> ledger::import_serials(order_name order, const std::vector<serial_number>& serials,
                                                list_source from) {
    order_serials_imported what;
    what.order = std::move(order);
    what.by = std::move(from.by);
    what.source_lines = from.lines;
    what.source_sha256 = std::move(from.sha256);
    std::vector<std::string> texts;
    texts.reserve(serials.size());
    for (const auto& serial : serials) texts.push_back(serial.text());
    return wait(impl_->append(std::move(what), true, std::move(texts)), impl_->executor());
}

asio::awaitable<void> ledger::flush() {
    co_await wait(impl_->flush(), impl_->executor());
}

asio::awaitable<device_record> ledger::device(serial_number serial) {
    return wait(impl_->ask<device_record>([serial = std::move(serial), now = impl_->now()](writer& from) {
        auto record = device_record_of(from.rows(), serial, now);
        record.similar_serial_lately = from.similar_serial_lately(serial.text());
        return record;
    }),
                impl_->executor());
}

asio::awaitable<std::optional<order_record>> ledger::open_order(product_name product) {
    return wait(impl_->ask<std::optional<order_record>>([product = std::move(product)](writer& from) {
        return open_order_in(from.rows(), product);
    }),
                impl_->executor());
}

asio::awaitable<bool> ledger::serial_allowed(order_name order, serial_number serial) {
    return wait(impl_->ask<bool>([order = std::move(order), serial = std::move(serial)](writer& from) {
        return serial_allowed_in(from.rows(), order, serial);
    }),
                impl_->executor());
}

asio::awaitable<serial_number> ledger::serial_of_key(product_name product, std::string public_key_sha256) {
    return wait(
        impl_->ask<serial_number>([product = std::move(product), key = std::move(public_key_sha256)](
                                      writer& to) { return serial_of_key_in(to.rows(), product, key); }),
        impl_->executor());
}

asio::awaitable<std::vector<open_attempt>> ledger::open_attempts() {
    return wait(
        impl_->ask<std::vector<open_attempt>>([](writer& from) { return open_attempts_in(from.rows()); }),
        impl_->executor());
}

asio::awaitable<std::optional<passed_record>> ledger::passed_attempt(attempt_id attempt) {
    return wait(impl_->ask<std::optional<passed_record>>([attempt = std::move(attempt)](writer& from) {
        return passed_attempt_in(from.rows(), attempt);
    }),
                impl_->executor());
}

void ledger::store_transcript(const attempt_id& attempt, std::string text) {
    impl_->store_transcript(attempt, std::move(text));
}

asio::awaitable<checkpoint> ledger::make_checkpoint() {
    return wait(impl_->make_checkpoint(), impl_->executor());
}

asio::awaitable<bool> ledger::drop_transcripts(utc_time before) {
    return wait(impl_->ask<bool>(
                    [before](writer& to) {
                        while (to.drop_some_transcripts(before)) {
                        }
                        return true;
                    },
                    impl::job_kind::writes),
                impl_->executor());
}

bool ledger::writable() const {
    return impl_->trouble().empty();
}

backlog ledger::waiting() const {
    return impl_->waiting();
}

std::string ledger::trouble() const {
    return impl_->trouble();
}

}  // namespace fleetline::ledger
