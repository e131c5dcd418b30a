// Deadlines without timers: each waiting stream keeps its times in one dense array of the worker, and one
// timer per worker looks over the array ten times a second. Arming and disarming is a store. A deadline is
// met up to 100 ms late.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <vector>

namespace scopegate::net {

class stream;

inline constexpr steady_time no_deadline = steady_time::max();
inline constexpr std::chrono::milliseconds sweep_interval{100};

// The monotonic clock as it stood at the kernel's last tick, at most 10 ms ago: exact enough for deadlines
// that are swept ten times a second, and several times cheaper to read.
[[nodiscard]] steady_time coarse_now() noexcept;

// Confined to its worker's thread.
class deadlines final {
public:
    // A stream's entry; valid until removed, though its index changes (the stream is told).
    [[nodiscard]] std::size_t add(stream& s);
    void remove(std::size_t index) noexcept;

    void set_read(std::size_t index, steady_time at) noexcept { entries_[index].read = at; }
    void set_write(std::size_t index, steady_time at) noexcept { entries_[index].write = at; }
    [[nodiscard]] steady_time read_at(std::size_t index) const noexcept { return entries_[index].read; }
    [[nodiscard]] steady_time write_at(std::size_t index) const noexcept { return entries_[index].write; }

    // Wakes every wait that is overdue. Needs no memory, so deadlines count when memory runs out.
    void sweep(steady_time now) noexcept;

private:
    struct entry {
        steady_time read = no_deadline;
        steady_time write = no_deadline;
        stream* waiting = nullptr;
    };
    std::vector<entry> entries_;
    std::vector<stream*> overdue_; // during a sweep, counted as references; has room for all
};

} // namespace scopegate::net
