#include "net/deadlines.hpp"

#include "net/stream.hpp"

#include <ctime>

namespace scopegate::net {

steady_time coarse_now() noexcept
{
    timespec t{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return steady_time(std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec));
}

std::size_t deadlines::add(stream& s)
{
    entries_.push_back({no_deadline, no_deadline, &s});
    return entries_.size() - 1;
}

void deadlines::remove(std::size_t index) noexcept
{
    entries_[index] = entries_.back();
    entries_[index].waiting->index_ = index;
    entries_.pop_back();
}

void deadlines::sweep(steady_time now)
{
    std::vector<stream_ptr> overdue; // waking a coroutine may free other streams and move entries
    for (const auto& e : entries_)
        if (e.read <= now || e.write <= now)
            overdue.emplace_back(e.waiting);
    for (const auto& s : overdue)
        s->expire(now);
}

} // namespace scopegate::net
