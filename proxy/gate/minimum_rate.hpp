// The minimum rate at which a client may send a body: 128 bytes a second, averaged over at least a minute.
// Each pause between two reads has a timeout of its own, but a client that sends one byte just before each
// timeout would hold its upstream connection forever. Pure: callers pass the time.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace scopegate::gate {

// The client has an allowance of time. Waiting for the client uses it up, and each byte adds to it. Time in
// which the upstream is slow to take the body does not count.
class minimum_rate final {
public:
    static constexpr int bytes_per_second = 128;
    static constexpr std::chrono::milliseconds min_window{60'000};

    // `window` is the time over which the rate is averaged, and so the longest possible pause. `has_leave`:
    // the client does not wait for 100 Continue.
    minimum_rate(std::chrono::milliseconds window, bool has_leave) noexcept
        : window_(window), left_(window), counts_from_(has_leave ? steady_time::min() : never)
    {
    }

    // Makes waiting count from now on, because the client may send.
    void start(steady_time now) noexcept { counts_from_ = std::min(counts_from_, now); }
    // Makes nothing count from now on.
    void stop() noexcept { stopped_ = true; }

    // Returns when a wait that begins now uses up the allowance; steady_time::max() if nothing counts.
    [[nodiscard]] steady_time deadline(steady_time now) const noexcept
    {
        return counts() ? std::max(now, counts_from_) + left_ : never;
    }
    // Charges a wait for the client that lasted from `began` until `now`.
    void waited(steady_time began, steady_time now) noexcept
    {
        if (counts())
            left_ -= std::max(now - std::max(began, counts_from_), steady_time::duration(0));
    }
    // Credits received bytes. A client that sends before it may counts as one that may.
    void received(std::size_t bytes) noexcept
    {
        start(steady_time::min());
        const std::chrono::nanoseconds earned = std::chrono::seconds(bytes);
        left_ = std::min(left_ + earned / bytes_per_second, steady_time::duration(window_));
    }

private:
    static constexpr steady_time never = steady_time::max();
    [[nodiscard]] bool counts() const noexcept { return !stopped_ && counts_from_ != never; }

    std::chrono::milliseconds window_;
    steady_time::duration left_;
    steady_time counts_from_;
    bool stopped_ = false;
};

} // namespace scopegate::gate
