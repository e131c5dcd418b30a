// The slots of the upstream and their queue, without sockets.
#include "upstream/limit.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::upstream {
namespace {

using namespace std::chrono_literals;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

// One request that asks for a slot. It returns the slot when it is reset.
struct asker {
    std::unique_ptr<upstream::slot> slot = std::make_unique<upstream::slot>();
    std::optional<bool> taken;
};

net::detached ask(asker& a, slot_limit& limit, net::asio::io_context& worker, steady_time until)
{
    a.taken = co_await a.slot->take(limit, worker, until);
}

class limit_test : public ::testing::Test {
protected:
    ~limit_test() override // releases every request that still waits
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
    // Returns what each request has: a slot (1), no slot (0), or a wait (?).
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
    slot_limit limit_{2};
    std::deque<asker> askers_;
};

TEST_F(limit_test, gives_slots_to_waiting_requests_in_order)
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
    EXPECT_EQ(outcomes(), "111111") << "a slot must be free";
}

TEST_F(limit_test, refuses_at_once_when_the_queue_is_full)
{
    for (int i = 0; i < 2 + 16; ++i)
        come();
    EXPECT_EQ(come().taken, false);
    leave(0);
    run();
    EXPECT_FALSE(come().taken) << "the queue has room again";
    leave(1);
}

TEST_F(limit_test, has_a_queue_as_long_as_the_limit)
{
    limit_.set(20);
    for (int i = 0; i < 40; ++i)
        come();
    EXPECT_EQ(outcomes(), std::string(20, '1') + std::string(20, '?'));
    EXPECT_EQ(come().taken, false);
    limit_.set(0);
    run();
}

TEST_F(limit_test, ends_a_wait_at_its_deadline)
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

TEST_F(limit_test, lets_a_wait_be_shortened_but_not_extended)
{
    come();
    come();
    come();
    come();
    askers_[2].slot->wait_until(now());
    askers_[0].slot->wait_until(now()); // this request does not wait
    EXPECT_EQ(outcomes(), "110?");
    askers_[3].slot->wait_until(now() + 2h);
    EXPECT_EQ(outcomes(), "110?");
    leave(0);
    EXPECT_EQ(outcomes(), "1101");
}

TEST_F(limit_test, loses_no_slot_that_becomes_free_at_the_deadline)
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

TEST_F(limit_test, applies_a_new_limit_from_now_on)
{
    for (int i = 0; i < 6; ++i)
        come();
    limit_.set(3);
    EXPECT_EQ(outcomes(), "111???");
    limit_.set(1);
    leave(0);
    leave(1);
    EXPECT_EQ(outcomes(), "111???") << "one slot is still taken";
    leave(2);
    EXPECT_EQ(outcomes(), "1111??");
    limit_.set(0);
    EXPECT_EQ(outcomes(), "111111");
}

TEST_F(limit_test, gives_no_slot_after_it_is_closed)
{
    for (int i = 0; i < 3; ++i)
        come();
    limit_.close();
    leave(0);
    EXPECT_EQ(outcomes(), "11?") << "another worker ends later, and its queued request would still be served";
    askers_[2].slot->wait_until(now());
    EXPECT_EQ(outcomes(), "110");
}

TEST(limit, holds_across_threads)
{
    constexpr int threads = 4, requests = 4, rounds = 200, slots = 3; // the queue holds all other requests
    slot_limit limit(slots);
    std::atomic<int> inside = 0, most = 0, served = 0;
    const auto request = [&](net::asio::io_context& worker) -> net::detached {
        auto& at = worker;
        for (int i = 0; i < rounds; ++i) {
            upstream::slot slot;
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
} // namespace scopegate::upstream
