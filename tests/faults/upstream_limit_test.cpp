// A slot of the upstream becomes free while memory is short.
#include "upstream/limit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>

namespace {

thread_local bool memory_is_short = false;

} // namespace

// Asio allocates what it posts with this function, not with operator new.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
{
    void* p = nullptr;
    const bool made = !memory_is_short && ::posix_memalign(&p, std::max(alignment, sizeof p), size) == 0;
    return made ? p : nullptr;
}

namespace scopegate::upstream {
namespace {

using namespace std::chrono_literals;

net::detached ask(slot& s, slot_limit& limit, net::asio::io_context& worker, std::optional<bool>& taken)
{
    taken = co_await s.take(limit, worker, std::chrono::steady_clock::now() + 1h);
}

TEST(upstream_limit, gives_the_next_request_its_slot_though_memory_is_short)
{
    net::asio::io_context worker{1};
    slot_limit limit(1);
    auto first = std::make_unique<slot>(), second = std::make_unique<slot>();
    std::optional<bool> has_first, has_second;
    ask(*first, limit, worker, has_first);
    ask(*second, limit, worker, has_second);
    EXPECT_EQ(has_first, true);
    EXPECT_FALSE(has_second) << "it waits";

    memory_is_short = true;
    first.reset();
    memory_is_short = false;
    worker.poll();
    EXPECT_EQ(has_second, true);
    if (!has_second) {
        limit.set(0);
        worker.restart();
        worker.poll();
    }
}

} // namespace
} // namespace scopegate::upstream
