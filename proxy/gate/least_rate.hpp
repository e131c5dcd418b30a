// How slowly a client may send a body: 128 bytes a second, averaged over a minute. A pause between two reads
// has a timeout of its own, but a client that sends a byte just before each would hold its upstream
// connection for ever. Pure: callers pass the time.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace scopegate::gate {

// The client has an allowance of time. Waiting for it uses the allowance up, each byte adds to it. The time
// in which the upstream is slow to take the body is nobody's wait for the client, and does not count.
class least_rate final {
public:
    static constexpr int bytes_per_second = 128;
    static constexpr std::chrono::milliseconds least_window{60'000};

    // `window`: how long the average is taken over, and so how long one pause may be at most. `has_leave`:
    // the client does not wait for 100 Continue.
    least_rate(std::chrono::milliseconds window, bool has_leave) noexcept
        : window_(window), left_(window), counts_from_(has_leave ? steady_time::min() : never)
    {
    }

    // The client was given leave to send: from now on waiting counts.
    void start(steady_time now) noexcept { counts_from_ = std::min(counts_from_, now); }
    // From now on nothing counts.
    void stop() noexcept { stopped_ = true; }

    // When a wait that begins now uses up the allowance.
    [[nodiscard]] steady_time deadline(steady_time now) const noexcept
    {
        return counts() ? std::max(now, counts_from_) + left_ : never;
    }
    // A wait for the client, from `began` until `now`, has ended.
    void waited(steady_time began, steady_time now) noexcept
    {
        if (counts())
            left_ -= std::max(now - std::max(began, counts_from_), steady_time::duration(0));
    }
    // Bytes have come. A client that sends some without leave goes on as one that has it.
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
