// The limit of the upstream (`upstream.connections`): how many requests may be with it at a time, over all
// workers, and a short queue for those above that number. The queue is first in, first out, whichever worker
// a request is on. Idle connections do not count; pooling them is upstream/pool's.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"
#include "net/task.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstddef>
#include <memory>
#include <mutex>

namespace scopegate::upstream {

// Thread-safe, by a lock. A request under a policy without a limit does not come here.
class slot_limit final {
public:
    // `slots` requests at a time; 0: any number.
    explicit slot_limit(std::size_t slots = 0) noexcept : slots_(slots) {}

    // Replaces the limit, at a reload. Requests that wait get the slots that this adds; those that hold one
    // keep it.
    void set(std::size_t slots);
    // Gives no slot any more: the workers end one after the other, and what one frees is not for the next.
    void close() noexcept;

private:
    friend class slot;

    // One request in the queue. It sleeps on the timer, and looks at the rest when it wakes.
    struct waiter : std::enable_shared_from_this<waiter>, boost::intrusive::list_base_hook<> {
        explicit waiter(net::asio::io_context& worker) : own(worker), timer(worker) {}
        net::asio::io_context& own;
        net::asio::steady_timer timer; // its own thread's
        bool granted = false;          // under the lock, like the hook
    };

    [[nodiscard]] bool take_now();
    void join(waiter& w); // or does not, where the queue is full
    [[nodiscard]] bool is_queued(waiter& w);
    [[nodiscard]] bool leave(waiter& w); // whether it has a slot
    void release() noexcept;
    void hand_out() noexcept; // under the lock
    [[nodiscard]] bool has_room() const noexcept { return !closed_ && (slots_ == 0 || taken_ < slots_); }

    std::mutex mutex_;
    std::size_t slots_;
    std::size_t taken_ = 0;
    bool closed_ = false;
    boost::intrusive::list<waiter> queue_; // nobody waits while there is room
};

// One request's slot, given back at its end. Confined to its worker's thread.
class slot final {
public:
    slot() noexcept = default;
    ~slot();
    slot(const slot&) = delete;
    slot& operator=(const slot&) = delete;

    // Takes a slot of `limit`, which outlives this; where all are taken it waits in the queue until `until`.
    // `worker` runs the caller. Gives false where the queue is full, the time is over, or the wait was ended.
    // Only once.
    [[nodiscard]] net::task<bool> take(slot_limit& limit, net::asio::io_context& worker, steady_time until);

    // A take() that waits does so until `until` at most. Nothing where none waits.
    void wait_until(steady_time until) noexcept;

private:
    slot_limit* limit_ = nullptr;
    bool taken_ = false;
    std::shared_ptr<slot_limit::waiter> waiter_; // while take() waits
    steady_time until_{};
};

// Tunnels stay for hours and would use up the slots of requests: they have as many of their own.
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
