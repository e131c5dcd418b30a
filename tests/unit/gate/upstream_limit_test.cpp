// The slots of the upstream and their queue, without sockets.
#include "gate/upstream_limit.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::gate {
namespace {

using namespace std::chrono_literals;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

// One request that asks for a slot. It gives the slot back when it is reset.
struct asker {
    std::unique_ptr<upstream_slot> slot = std::make_unique<upstream_slot>();
    std::optional<bool> taken;
};

net::detached ask(asker& a, upstream_limit& limit, net::asio::io_context& worker, steady_time until)
{
    a.taken = co_await a.slot->take(limit, worker, until);
}

class upstream_limit_test : public ::testing::Test {
protected:
    ~upstream_limit_test() override // nobody waits for ever
    {
        limit_.set(0);
        run();
    }
    asker& come(steady_time until = now() + 1h)
    {
        auto& a = askers_.emplace_back();
        ask(a, limit_, worker_, until);
        return a;
    }
    void run()
    {
        worker_.restart();
        worker_.poll();
    }
    // What each has got: a slot (1), none (0), or it waits (?).
    [[nodiscard]] std::string outcomes()
    {
        run();
        std::string all;
        for (const auto& a : askers_)
            all += !a.taken ? '?' : *a.taken ? '1' : '0';
        return all;
    }
    void leave(std::size_t i) { askers_[i].slot.reset(); }

    net::asio::io_context worker_{1};
    upstream_limit limit_{2};
    std::deque<asker> askers_;
};

TEST_F(upstream_limit_test, slots_go_to_those_that_wait_in_their_order)
{
    for (int i = 0; i < 5; ++i)
        come();
    EXPECT_EQ(outcomes(), "11???");
    leave(1);
    EXPECT_EQ(outcomes(), "111??");
    leave(0);
    EXPECT_EQ(outcomes(), "1111?");
    leave(2);
    leave(3);
    EXPECT_EQ(outcomes(), "11111");
    come();
    EXPECT_EQ(outcomes(), "111111") << "a slot is free";
}

TEST_F(upstream_limit_test, a_full_queue_refuses_at_once)
{
    for (int i = 0; i < 2 + 16; ++i)
        come();
    EXPECT_EQ(come().taken, false);
    leave(0);
    run();
    EXPECT_FALSE(come().taken) << "there is room in the queue again";
    leave(1);
}

TEST_F(upstream_limit_test, the_queue_is_as_long_as_the_limit)
{
    limit_.set(20);
    for (int i = 0; i < 40; ++i)
        come();
    EXPECT_EQ(outcomes(), std::string(20, '1') + std::string(20, '?'));
    EXPECT_EQ(come().taken, false);
    limit_.set(0);
    run();
}

TEST_F(upstream_limit_test, a_wait_ends_with_its_time)
{
    come();
    come();
    const auto& late = come(now() + 1ms);
    come();
    while (!late.taken)
        worker_.run_one();
    EXPECT_EQ(outcomes(), "110?");
    leave(0);
    EXPECT_EQ(outcomes(), "1101") << "the slot goes to the next";
}

TEST_F(upstream_limit_test, a_wait_may_be_cut_short_and_not_made_longer)
{
    come();
    come();
    come();
    come();
    askers_[2].slot->wait_until(now());
    askers_[0].slot->wait_until(now()); // it does not wait
    EXPECT_EQ(outcomes(), "110?");
    askers_[3].slot->wait_until(now() + 2h);
    EXPECT_EQ(outcomes(), "110?");
    leave(0);
    EXPECT_EQ(outcomes(), "1101");
}

TEST_F(upstream_limit_test, a_slot_that_comes_as_the_time_ends_is_not_lost)
{
    come();
    come();
    come();
    askers_[2].slot->wait_until(now());
    leave(0);
    EXPECT_EQ(outcomes(), "111");
    leave(1);
    leave(2);
    come();
    come();
    EXPECT_EQ(outcomes(), "11111");
}

TEST_F(upstream_limit_test, another_limit_counts_from_now_on)
{
    for (int i = 0; i < 6; ++i)
        come();
    limit_.set(3);
    EXPECT_EQ(outcomes(), "111???");
    limit_.set(1);
    leave(0);
    leave(1);
    EXPECT_EQ(outcomes(), "111???") << "one is still there";
    leave(2);
    EXPECT_EQ(outcomes(), "1111??");
    limit_.set(0);
    EXPECT_EQ(outcomes(), "111111");
}

TEST(upstream_limit, holds_across_threads)
{
    constexpr int threads = 4, requests = 4, rounds = 200, slots = 3; // the queue holds the rest
    upstream_limit limit(slots);
    std::atomic<int> inside = 0, most = 0, served = 0;
    const auto request = [&](net::asio::io_context& worker) -> net::detached {
        auto& at = worker;
        for (int i = 0; i < rounds; ++i) {
            upstream_slot slot;
            const bool taken = co_await slot.take(limit, at, now() + 1h);
            served += taken ? 1 : 0;
            const int here = ++inside;
            int seen = most;
            while (seen < here && !most.compare_exchange_weak(seen, here)) {
            }
            --inside;
        }
    };
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&] {
            net::asio::io_context worker{1};
            for (int i = 0; i < requests; ++i)
                request(worker);
            worker.run();
        });
    for (auto& thread : all)
        thread.join();
    EXPECT_LE(most, slots);
    EXPECT_EQ(served, threads * requests * rounds);
}

} // namespace
} // namespace scopegate::gate
