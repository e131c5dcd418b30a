// Implements deadlines without timers. All streams of a worker keep their deadlines in one dense array, which
// one timer per worker sweeps ten times a second. Arming or disarming a deadline is a single store. A
// deadline fires up to 100 ms late.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <vector>

namespace scopegate::net {

class stream;

inline constexpr steady_time no_deadline = steady_time::max();
inline constexpr std::chrono::milliseconds sweep_interval{100};

// Returns the monotonic clock as of the kernel's last tick, at most 10 ms ago. Its precision suffices for
// deadlines that are swept ten times a second, and reading it is several times cheaper.
[[nodiscard]] steady_time coarse_now() noexcept;

// Confined to its worker's thread.
class deadlines final {
public:
    // Adds an entry for a stream and returns its index. The entry stays until remove(). Its index may change;
    // the stream's index_ is then updated.
    [[nodiscard]] std::size_t add(stream& s);
    void remove(std::size_t index) noexcept;

    void set_read(std::size_t index, steady_time at) noexcept { entries_[index].read = at; }
    void set_write(std::size_t index, steady_time at) noexcept { entries_[index].write = at; }
    [[nodiscard]] steady_time read_at(std::size_t index) const noexcept { return entries_[index].read; }
    [[nodiscard]] steady_time write_at(std::size_t index) const noexcept { return entries_[index].write; }

    // Wakes every overdue wait. Never allocates, so deadlines work even when memory runs out.
    void sweep(steady_time now) noexcept;

private:
    struct entry {
        steady_time read = no_deadline;
        steady_time write = no_deadline;
        stream* waiting = nullptr;
    };
    std::vector<entry> entries_;
    std::vector<stream*> overdue_; // used during a sweep; each holds a reference, and all fit
};

} // namespace scopegate::net
