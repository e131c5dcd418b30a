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
    if (overdue_.capacity() <= entries_.size())
        overdue_.reserve(2 * entries_.size() + 16);
    entries_.push_back({no_deadline, no_deadline, &s});
    return entries_.size() - 1;
}

void deadlines::remove(std::size_t index) noexcept
{
    entries_[index] = entries_.back();
    entries_[index].waiting->index_ = index;
    entries_.pop_back();
}

void deadlines::sweep(steady_time now) noexcept
{
    // First collect the overdue streams: waking a coroutine may free other streams, and may move or add
    // entries.
    for (const auto& e : entries_)
        if (e.read <= now || e.write <= now) {
            intrusive_ptr_add_ref(e.waiting);
            overdue_.push_back(e.waiting);
        }
    for (std::size_t i = 0; i < overdue_.size(); ++i) // NOLINT: overdue_ may be reallocated meanwhile
        stream_ptr(overdue_[i], false)->expire(now);
    overdue_.clear();
}

} // namespace scopegate::net
