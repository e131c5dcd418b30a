// The limit of the upstream (`upstream.connections`): how many requests it serves at a time, over all
// workers, and a short queue for further requests. The queue is first in, first out across workers. Idle
// connections do not count; upstream/pool keeps them.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"
#include "net/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>

namespace scopegate::upstream {

// Thread-safe, by a lock. Not used under a policy without a limit.
class slot_limit final {
public:
    // Allows `slots` requests at a time; 0: any number.
    explicit slot_limit(std::size_t slots = 0) noexcept : slots_(slots) {}

    // Replaces the limit at a reload. Waiting requests get added slots. Requests that hold a slot keep it.
    void set(std::size_t slots);
    // Grants no more slots: workers end one after the other, and a freed slot must not start another request.
    void close() noexcept;

private:
    friend class slot;

    // One request in the queue. It sleeps on the timer, and checks its state when it wakes.
    struct waiter : std::enable_shared_from_this<waiter>, boost::intrusive::list_base_hook<> {
        explicit waiter(net::asio::io_context& worker) : own(worker), timer(worker) {}
        net::asio::io_context& own;
        net::asio::steady_timer timer; // used by its own thread only
        bool granted = false;          // guarded by the lock, like the hook
        // For the message that wakes it: a slot must find the next request also while memory is short.
        static constexpr std::size_t wake_bytes = 256;
        alignas(std::max_align_t) std::array<std::byte, wake_bytes> wake_memory{};
    };
    template <class T>
    class wake_allocator;

    [[nodiscard]] bool take_now();
    void join(waiter& w); // does nothing if the queue is full
    [[nodiscard]] bool is_queued(waiter& w);
    [[nodiscard]] bool leave(waiter& w); // returns whether it has a slot
    void release() noexcept;
    void hand_out() noexcept; // requires the lock
    [[nodiscard]] bool has_room() const noexcept { return !closed_ && (slots_ == 0 || taken_ < slots_); }

    std::mutex mutex_;
    std::size_t slots_;
    std::size_t taken_ = 0;
    bool closed_ = false;
    boost::intrusive::list<waiter> queue_; // empty while there is room
};

// One request's slot, which the destructor gives back. Confined to its worker's thread.
class slot final {
public:
    slot() noexcept = default;
    ~slot();
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    // Takes a slot of `limit`, which must outlive this object. If all are taken, waits in the queue until
    // `until`. `worker` runs the calling coroutine. Returns false if the queue is full or the wait has ended
    // without a slot. May be called once.
    [[nodiscard]] net::task<bool> take(slot_limit& limit, net::asio::io_context& worker, steady_time until);

    // Shortens the wait of take() to `until`. Does nothing without a waiter.
    void wait_until(steady_time until) noexcept;

private:
    slot_limit* limit_ = nullptr;
    bool taken_ = false;
    std::shared_ptr<slot_limit::waiter> waiter_; // while take() waits
    steady_time until_{};
};

// Tunnels stay open for hours and would use up the slots of requests, so they have a limit of the same size.
struct slot_limits {
    slot_limit requests;
    slot_limit tunnels;
    void set(std::size_t slots)
    {
        requests.set(slots);
        tunnels.set(slots);
    }
    void close() noexcept
    {
        requests.close();
        tunnels.close();
    }
};

} // namespace scopegate::upstream
