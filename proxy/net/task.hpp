// A coroutine that starts when it is awaited and resumes whoever awaits it: what a worker's sessions are
// written in. Beside Asio's awaitable it costs no executor and no extra frame per operation, and its frames
// come from a free list of the thread. A task is confined to the thread that started it. Not for the control
// plane: there Asio's awaitable reads better.
//
// g++ 12 destroys some temporaries twice when they are written inside a co_await expression (lambdas with
// captures, braced aggregates): name such arguments first. Nor does it run what
// stands behind `switch (co_await ...)`: name the value first (tests/unit/net/compiler_coroutine_test.cpp).
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace scopegate::net {

// Memory for coroutine frames, recycled per thread by size class; under a sanitizer it is plain memory, so
// that a use after free shows.
[[nodiscard]] void* allocate_frame(std::size_t bytes);
void release_frame(void* frame, std::size_t bytes) noexcept;
// Frees half of the frames that this thread keeps for reuse, but for a few.
void release_spare_frames() noexcept;

namespace detail {

struct frame_memory {
    static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { release_frame(frame, bytes); }
};

struct resume_continuation {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept
    {
        return done.promise().continuation;
    }
    void await_resume() const noexcept {}
};

struct promise_base : frame_memory {
    std::coroutine_handle<> continuation = std::noop_coroutine();
    std::exception_ptr failure;

    std::suspend_always initial_suspend() const noexcept { return {}; }
    resume_continuation final_suspend() const noexcept { return {}; }
    void unhandled_exception() noexcept { failure = std::current_exception(); }
};

} // namespace detail

template <class T = void>
class [[nodiscard]] task final {
public:
    struct promise_type : detail::promise_base {
        std::optional<T> value;
        task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        void return_value(T v) { value.emplace(std::move(v)); }
    };

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    task& operator=(task&&) = delete;
    ~task()
    {
        if (frame_)
            frame_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept
    {
        frame_.promise().continuation = awaiting;
        return frame_;
    }
    T await_resume()
    {
        if (frame_.promise().failure)
            std::rethrow_exception(frame_.promise().failure);
        return std::move(*frame_.promise().value);
    }

private:
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

template <>
class [[nodiscard]] task<void> final {
public:
    struct promise_type : detail::promise_base {
        task get_return_object() { return task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        void return_void() const noexcept {}
    };

    task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    task& operator=(task&&) = delete;
    ~task()
    {
        if (frame_)
            frame_.destroy();
    }

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept
    {
        frame_.promise().continuation = awaiting;
        return frame_;
    }
    void await_resume() const
    {
        if (frame_.promise().failure)
            std::rethrow_exception(frame_.promise().failure);
    }

private:
    explicit task(std::coroutine_handle<promise_type> frame) noexcept : frame_(frame) {}
    std::coroutine_handle<promise_type> frame_;
};

// A coroutine that runs on its own from its first line and frees itself at its end. What it uses it must keep
// alive by itself. An exception that leaves it ends the program: catch at its top.
struct detached {
    struct promise_type : detail::frame_memory {
        detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

} // namespace scopegate::net
