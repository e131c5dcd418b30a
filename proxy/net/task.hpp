// A coroutine that starts when it is awaited and then resumes its awaiter. Workers' sessions are written as
// tasks. Unlike Asio's awaitable it needs no executor and no extra frame per operation, and its frames come
// from a per-thread free list. A task is confined to the thread that started it. The control plane uses
// Asio's awaitable instead, which reads better there.
//
// g++ 12 destroys some temporaries twice if they are written inside a co_await expression (lambdas with
// captures, braced aggregates). Give such arguments a name first. It also skips the code after `switch
// (co_await ...)`: give the value a name first (tests/unit/net/compiler_coroutine_test.cpp).
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace scopegate::net {

// Allocate coroutine frames, recycled per thread by size class. Under a sanitizer they are ordinary
// allocations, so that a use after free is detected.
[[nodiscard]] void* allocate_frame(std::size_t bytes);
void release_frame(void* frame, std::size_t bytes) noexcept;
// Frees about half of the frames that this thread keeps for reuse.
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

// A coroutine that runs immediately and frees itself at its end. It must keep alive everything that it uses.
// An exception that leaves it terminates the program: catch all of them inside.
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
