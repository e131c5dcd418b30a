// Tells sockets of one io_context that they became ready, without a system call for each wait: all of them
// are in one edge-triggered epoll set, for which Asio waits as for any descriptor. (Asio's own wait re-arms a
// socket each time, with an epoll_ctl that costs a tenth of a proxied request.) The poller only reports
// readiness and keeps the clock of the poll; net/scheduler.hpp decides who runs when. A service of the
// io_context, confined to the thread that runs it.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

namespace scopegate::net {

// A socket's owner, which receives the events that epoll reports for the socket.
class pollable {
public:
    // `events` are epoll's bits. May close any socket of the poller, this one too.
    virtual void on_events(std::uint32_t events) noexcept = 0;

protected:
    ~pollable() = default;
};

// Functions that run around the events of a poll. The poller has at most one such object.
class poll_hooks {
public:
    // Called after each poll, before its events are reported.
    virtual void before_events() noexcept = 0;
    // Called after all events of the poll, before the next poll. Returns has_work().
    [[nodiscard]] virtual bool after_events() noexcept = 0;
    // Returns whether after_events() has more to do, so that the next poll must not sleep.
    [[nodiscard]] virtual bool has_work() const noexcept = 0;

protected:
    ~poll_hooks() = default;
};

class poller final : public asio::execution_context::service {
public:
    using key_type = poller;
    static asio::execution_context::id id; // NOLINT: so Asio finds its services

    // The most events that one poll reports.
    static constexpr std::size_t batch = 128;

    // Called by use_service() only. Throws std::system_error if the kernel refuses an epoll set.
    explicit poller(asio::execution_context& context);
    ~poller() override;
    [[nodiscard]] static poller& of(asio::io_context& context);

    // `hooks` run around each poll from now on, and must live as long as the poller.
    void attach(poll_hooks& hooks) noexcept { hooks_ = &hooks; }

    // Reports each change of the descriptor to `owner` from now on, and its present state once. Returns false
    // if the kernel has no room for it.
    [[nodiscard]] bool add(int descriptor, pollable& owner) noexcept;
    // Reports the present state to `owner` once more, although nothing changes.
    void ask_again(int descriptor, pollable& owner) noexcept;
    // Must be called before the descriptor is closed. Events already fetched are no longer reported.
    void forget(int descriptor, const pollable& owner) noexcept;
    // Asio waits for this descriptor. When it becomes ready, the poller returns to Asio at once.
    void yield_to(int descriptor) noexcept;
    // Returns to Asio after this poll, because something was posted that should run soon.
    void return_to_asio() noexcept { returning_ = true; }
    // Waits again if an exception has interrupted the poller. Called now and then. Throws std::bad_alloc.
    void revive();

    // Whether the caller runs within a poll, as opposed to a handler that Asio called.
    [[nodiscard]] bool polling() const noexcept { return polling_; }
    // The time, which is read once per poll for all of its events, and again by refresh_clock(). Outside of a
    // poll it is read at each call.
    [[nodiscard]] steady_time now() const noexcept
    {
        return polling_ ? now_ : std::chrono::steady_clock::now();
    }
    void refresh_clock() noexcept { now_ = std::chrono::steady_clock::now(); }

private:
    void shutdown() noexcept override;
    void wait();
    void run_polls();
    [[nodiscard]] bool has_work() const noexcept { return hooks_ != nullptr && hooks_->has_work(); }
    [[nodiscard]] bool fetch(int milliseconds) noexcept; // false: nothing came
    void dispatch() noexcept;

    int set_;
    asio::posix::basic_stream_descriptor<asio::io_context::executor_type> waiting_;
    poll_hooks* hooks_ = nullptr;
    std::array<epoll_event, batch> fetched_{};
    std::size_t next_ = 0; // index of the first event in fetched_ that was not reported yet
    std::size_t count_ = 0;
    bool returning_ = false; // to Asio, after this poll
    bool polling_ = false;
    bool awaited_ = false; // by Asio, which calls run_polls()
    steady_time now_{};
};

} // namespace scopegate::net
