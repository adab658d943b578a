// SPDX-License-Identifier: Apache-2.0
// The coroutine type of the board's command line task: lazy, awaited by exactly one parent, destroyed from
// the outside when the board resets (which destroys everything it is waiting inside of). Single-threaded.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace fleetline::rehearsal_board {

template <class T>
class task;

namespace detail {

struct promise_base {
    std::coroutine_handle<> continuation;
    std::exception_ptr error;

    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept {
            auto next = done.promise().continuation;
            return next ? next : std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    final_awaiter final_suspend() const noexcept { return {}; }
    void unhandled_exception() { error = std::current_exception(); }
};

template <class T>
struct promise : promise_base {
    std::optional<T> value;
    task<T> get_return_object();
    void return_value(T v) { value.emplace(std::move(v)); }
    T take() {
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
};

template <>
struct promise<void> : promise_base {
    task<void> get_return_object();
    void return_void() const noexcept {}
    void take() const {
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] task {
  public:
    using promise_type = detail::promise<T>;
    using handle = std::coroutine_handle<promise_type>;

    task() = default;
    explicit task(handle h) : handle_(h) {}
    task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    task& operator=(task&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, {});
        }
        return *this;
    }
    task(const task&) = delete;
    task& operator=(const task&) = delete;
    ~task() { reset(); }

    // Runs until the first wait. Only for the outermost task.
    void start() { handle_.resume(); }
    void reset() {
        if (handle_) std::exchange(handle_, {}).destroy();
    }
    bool done() const { return !handle_ || handle_.done(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        handle_.promise().continuation = parent;
        return handle_;
    }
    T await_resume() { return handle_.promise().take(); }

  private:
    handle handle_;
};

namespace detail {

template <class T>
task<T> promise<T>::get_return_object() {
    return task<T>(std::coroutine_handle<promise<T>>::from_promise(*this));
}
inline task<void> promise<void>::get_return_object() {
    return task<void>(std::coroutine_handle<promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace fleetline::rehearsal_board
