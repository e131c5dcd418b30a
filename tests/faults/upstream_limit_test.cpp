// A slot of the upstream becomes free while memory is short.
#include "faults/failing_calls.hpp"

#include "upstream/limit.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

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

    test::fail_call(test::failure::no_memory, 1);
    first.reset();
    test::fail_call(test::failure::no_memory, 0);
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
