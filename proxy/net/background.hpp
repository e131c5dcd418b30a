// A coroutine that runs beside its owner, such as the upload beside the response, and that the owner can wait
// for. The owner must wait before it frees what the coroutine uses. Confined to one thread; apart from the
// coroutine's frame it allocates nothing.
#pragma once

#include "net/task.hpp"

#include <coroutine>
#include <exception>
#include <utility>

namespace scopegate::net {

// Is notified that a background coroutine has ended while no coroutine waited for it.
class background_observer {
public:
    // Called after the coroutine's frame was freed, as the last thing: may free the `background`.
    virtual void on_background_end() noexcept = 0;

protected:
    ~background_observer() = default;
};

class background final {
public:
    class work;
    class join;

    // `observer` may be null.
    explicit background(background_observer* observer = nullptr) noexcept : observer_(observer) {}
    // If the coroutine still runs, it continues by itself and must not use its owner any more.
    ~background();
    background(const background&) = delete;
    background& operator=(const background&) = delete;

    // Runs the coroutine until it first waits. None may run already. An observer may free this object within
    // the call.
    void start(work coroutine) noexcept;
    [[nodiscard]] bool running() const noexcept { return static_cast<bool>(frame_); }
    // Awaited by the owner, by one coroutine at a time: returns when the coroutine has ended, or at once if
    // none runs. The waiter continues after the coroutine's frame was freed, as the last thing, and so may
    // free this object.
    [[nodiscard]] join ended() noexcept;

private:
    struct promise;
    using frame_handle = std::coroutine_handle<promise>;

    void end() noexcept;

    background_observer* observer_;
    frame_handle frame_;
    std::coroutine_handle<> waiter_;
};

struct background::promise : detail::frame_memory {
    struct leave {
        [[nodiscard]] bool await_ready() const noexcept { return false; }
        // Not inline: clang 14 would otherwise keep temporaries in the frame that this frees.
        [[gnu::noinline]] void await_suspend(frame_handle ended) const noexcept
        {
            auto* const of = ended.promise().owner;
            ended.destroy(); // this object too
            if (of != nullptr)
                of->end();
        }
        void await_resume() const noexcept {}
    };

    background* owner = nullptr; // null: not started, or the owner is gone

    [[nodiscard]] work get_return_object() noexcept;
    std::suspend_always initial_suspend() const noexcept { return {}; }
    leave final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    // Nobody would see it: the coroutine must catch all exceptions.
    void unhandled_exception() const noexcept { std::terminate(); }
};

// The return type of such a coroutine, which runs once it is passed to start(), and is freed if it never is.
class [[nodiscard]] background::work final {
public:
    using promise_type = promise;

    work(work&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
    work& operator=(work&&) = delete;
    ~work()
    {
        if (frame_)
            frame_.destroy();
    }

private:
    friend class background;
    explicit work(frame_handle frame) noexcept : frame_(frame) {}
    frame_handle frame_;
};

// The awaitable of ended().
class [[nodiscard]] background::join final {
public:
    [[nodiscard]] bool await_ready() const noexcept { return !of_.running(); }
    void await_suspend(std::coroutine_handle<> awaiting) noexcept { of_.waiter_ = awaiting; }
    void await_resume() const noexcept {}

private:
    friend class background;
    explicit join(background& of) noexcept : of_(of) {}
    background& of_;
};

inline background::work background::promise::get_return_object() noexcept
{
    return work(frame_handle::from_promise(*this));
}

inline background::~background()
{
    if (frame_)
        frame_.promise().owner = nullptr;
}

inline void background::start(work coroutine) noexcept
{
    const auto frame = std::exchange(coroutine.frame_, {});
    frame.promise().owner = this;
    frame_ = frame;
    frame.resume();
}

inline background::join background::ended() noexcept
{
    return join(*this);
}

inline void background::end() noexcept
{
    frame_ = {};
    if (waiter_)
        std::exchange(waiter_, {}).resume();
    else if (observer_ != nullptr)
        observer_->on_background_end();
}

} // namespace scopegate::net
