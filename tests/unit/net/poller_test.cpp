#include "net/poller.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class poller_test : public ::testing::Test, public poll_hooks {
public:
    // One end of a socket pair. The test holds the other end.
    struct socket final : pollable {
        socket(poller_test& t, std::string called) : test(t), name(std::move(called))
        {
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        }
        ~socket()
        {
            test.poller_.forget(ends[0], *this);
            ::close(ends[0]);
            ::close(ends[1]);
        }
        void add() { EXPECT_TRUE(test.poller_.add(ends[0], *this)); }
        void peer_sends() const { EXPECT_EQ(::send(ends[1], "x", 1, 0), 1); }
        void on_events(std::uint32_t events) noexcept override
        {
            test.events_.push_back(name + ((events & EPOLLIN) != 0 ? " has input" : " has none"));
            if (meanwhile)
                meanwhile();
        }

        poller_test& test;
        std::string name;
        std::array<int, 2> ends{};       // the one that is polled, and its peer
        std::function<void()> meanwhile; // runs when it gets events
    };

    void before_events() noexcept override { events_.push_back("before"); }
    bool after_events() noexcept override
    {
        events_.push_back("after");
        return has_work();
    }
    [[nodiscard]] bool has_work() const noexcept override { return false; }

    void run()
    {
        events_.clear();
        context_.restart();
        context_.poll();
    }

    asio::io_context context_{1};
    poller& poller_ = poller::of(context_);
    std::vector<std::string> events_;
};

TEST_F(poller_test, tells_the_present_state_once_and_then_each_change)
{
    socket one(*this, "one");
    one.add();
    run();
    EXPECT_THAT(events_, ElementsAre("one has none"));
    run();
    EXPECT_THAT(events_, IsEmpty());
    one.peer_sends();
    run();
    EXPECT_THAT(events_, ElementsAre("one has input"));
    run();
    EXPECT_THAT(events_, IsEmpty());
}

TEST_F(poller_test, tells_the_present_state_again_when_asked)
{
    socket one(*this, "one");
    one.peer_sends();
    one.add();
    run();
    poller_.ask_again(one.ends[0], one);
    run();
    EXPECT_THAT(events_, ElementsAre("one has input"));
}

TEST_F(poller_test, tells_nothing_of_a_descriptor_that_was_forgotten_in_the_same_poll)
{
    socket one(*this, "one"), other(*this, "other");
    one.meanwhile = [&] { poller_.forget(other.ends[0], other); };
    other.meanwhile = [&] { poller_.forget(one.ends[0], one); };
    one.add();
    other.add();
    run();
    EXPECT_THAT(events_, ElementsAre("one has none"));
}

TEST_F(poller_test, runs_its_hooks_around_the_events_of_each_poll)
{
    poller_.attach(*this);
    socket one(*this, "one"), other(*this, "other");
    one.meanwhile = [&] { other.peer_sends(); };
    one.add();
    run();
    EXPECT_THAT(events_, ElementsAre("before", "one has none", "after"));
    other.add();
    run();
    EXPECT_THAT(events_, ElementsAre("before", "other has input", "after"));
}

TEST_F(poller_test, reads_its_clock_once_per_poll)
{
    EXPECT_FALSE(poller_.polling());
    const auto earlier = poller_.now();
    EXPECT_LT(earlier, poller_.now()) << "outside of a poll the clock runs";
    socket one(*this, "one"), other(*this, "other");
    std::vector<steady_time> times;
    one.meanwhile = other.meanwhile = [&] {
        EXPECT_TRUE(poller_.polling());
        times.push_back(poller_.now());
    };
    one.add();
    other.add();
    run();
    ASSERT_EQ(times.size(), 2U);
    EXPECT_EQ(times[0], times[1]);
}

TEST_F(poller_test, advances_its_clock_within_a_poll_when_asked)
{
    socket one(*this, "one");
    one.meanwhile = [&] {
        const auto earlier = poller_.now();
        poller_.refresh_clock();
        EXPECT_LT(earlier, poller_.now());
    };
    one.add();
    run();
    EXPECT_THAT(events_, ElementsAre("one has none"));
}

// Each event makes the next one, so that the poller always has more to tell.
TEST_F(poller_test, returns_to_the_loop_at_once_when_asked)
{
    socket one(*this, "one");
    bool ran = false;
    one.meanwhile = [&] {
        asio::post(context_, [&] { ran = true; });
        poller_.return_to_asio();
        if (!ran)
            poller_.ask_again(one.ends[0], one);
    };
    one.add();
    run();
    EXPECT_TRUE(ran);
    EXPECT_LE(events_.size(), 2U);
}

TEST_F(poller_test, returns_to_the_loop_when_a_descriptor_of_its_becomes_ready)
{
    socket one(*this, "one"), listening(*this, "listening");
    poller_.yield_to(listening.ends[0]);
    bool ran = false;
    one.meanwhile = [&] {
        if (ran)
            return;
        if (events_.size() == 1)
            asio::post(context_, [&] { ran = true; });
        if (events_.size() == 2)
            listening.peer_sends();
        poller_.ask_again(one.ends[0], one);
    };
    one.add();
    run();
    EXPECT_TRUE(ran);
    EXPECT_LE(events_.size(), 4U);
}

} // namespace
} // namespace scopegate::net
