// Verification slots for expensive work: which events it may delay and which not, and when output is flushed.
// stream_test.cpp tests the notification of streams.
#include "net/poller.hpp"

#include "net/stream.hpp"
#include "net/task.hpp"
#include "support/run_until.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::net {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class turns : public ::testing::Test {
public:
    // A request that is cheap, or that waits for its slot and then takes longer than one poll leaves time
    // for.
    struct request {
        request(turns& test, std::string called) : name(std::move(called)), poll(poller::of(test.context_))
        {
            std::array<int, 2> ends{};
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
            own = new stream(test.context_, ends[0], test.times_);
            peer = ends[1];
        }
        ~request()
        {
            own->close();
            ::close(peer);
        }
        void send() const { EXPECT_EQ(::send(peer, "x", 1, 0), 1); }

        std::string name;
        poller& poll;
        stream_ptr own;
        int peer = -1;
        std::function<void()> meanwhile; // runs while this request is served
    };

    detached serve(request& r, bool dear)
    {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        if (dear)
            co_await r.poll.turn();
        if (dear)
            work_hard(r.poll);
        order_.push_back(r.name);
        if (r.meanwhile)
            r.meanwhile();
    }
    // Works for longer than one series of slots lasts.
    static void work_hard(poller& poll)
    {
        poll.take_turn();
        for (const auto until = std::chrono::steady_clock::now() + 100us;
             std::chrono::steady_clock::now() < until;) {
        }
    }
    void run()
    {
        context_.restart();
        context_.poll();
    }
    void run_until_served(std::size_t count)
    {
        EXPECT_TRUE(test::run_until(context_, [&] { return order_.size() >= count; }));
    }

    deadlines times_;
    asio::io_context context_{1};
    std::vector<std::string> order_;
};

TEST_F(turns, let_cheap_work_pass_and_keep_the_order_of_expensive_work)
{
    request first(*this, "dear 1"), second(*this, "dear 2"), third(*this, "dear 3"), cheap(*this, "cheap"),
        late(*this, "late");
    second.meanwhile = [&] { late.send(); };
    serve(first, true);
    serve(second, true);
    serve(third, true);
    serve(cheap, false);
    serve(late, false);
    run();
    for (const auto* r : {&first, &second, &third, &cheap})
        r->send();
    run_until_served(5);
    EXPECT_THAT(order_, ElementsAre("dear 1", "cheap", "dear 2", "late", "dear 3"));
}

TEST_F(turns, resume_yielding_work_behind_the_ready_events)
{
    request busy(*this, "busy"), other(*this, "other");
    serve(other, false);
    const auto work = [](turns& test, request& r) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        co_await r.poll.give_way();
        test.order_.push_back("busy");
        co_await r.poll.give_way(); // it also continues when nothing else is ready
        test.order_.push_back("busy again");
    };
    work(*this, busy);
    run();
    busy.send();
    other.send();
    run_until_served(3);
    EXPECT_THAT(order_, ElementsAre("other", "busy", "busy again"));
}

// Models long transfers, each of which has input all the time.
TEST_F(turns, resume_postponed_reads_behind_the_ready_events)
{
    request first(*this, "first"), second(*this, "second"), other(*this, "other");
    const auto transfer_much = [](turns& test, request& r) -> detached {
        static_cast<void>(co_await r.own->readable(no_deadline));
        for (int stretch = 0; stretch < 2; ++stretch) {
            r.own->read_later();
            const auto woken = co_await r.own->readable(no_deadline);
            EXPECT_EQ(woken, readiness::ready);
            work_hard(r.poll);
            test.order_.push_back(r.name);
            if (r.meanwhile)
                r.meanwhile();
        }
    };
    transfer_much(*this, first);
    transfer_much(*this, second);
    serve(other, false);
    first.meanwhile = [&] { other.send(); };
    run();
    first.send();
    second.send();
    run_until_served(5);
    EXPECT_THAT(order_, ElementsAre("first", "other", "second", "first", "second"));
}

// Transfers that never end are no reason for Asio's own work to wait: timers, posted work, new connections.
TEST_F(turns, give_other_work_of_the_loop_its_time_beside_endless_transfers)
{
    request first(*this, "first"), second(*this, "second"), third(*this, "third");
    bool stops = false;
    const auto transfer = [&stops](request& r) -> detached {
        while (!stops) {
            r.own->read_later();
            static_cast<void>(co_await r.own->readable(no_deadline));
        }
    };
    for (auto* r : {&first, &second, &third})
        transfer(*r);
    // Every handler that is posted runs before the transfers have gone on more often than a few times.
    for (int round = 0; round < 20; ++round) {
        bool ran = false;
        asio::post(context_, [&ran] { ran = true; });
        context_.restart();
        for (int handlers = 0; handlers < 10 && !ran; ++handlers)
            context_.poll_one();
        EXPECT_TRUE(ran) << "in round " << round;
        first.poll.revive(); // as the sweep of the deadlines does
    }
    stops = true;
    run();
}

TEST_F(turns, report_end_and_deadline_to_a_postponed_read)
{
    request closed(*this, "closed"), late(*this, "late"), again(*this, "again");
    const auto wait = [](turns& test, request& r, steady_time until, readiness expected) -> detached {
        r.own->read_later();
        const auto woken = co_await r.own->readable(until);
        EXPECT_EQ(woken, expected);
        test.order_.push_back(r.name);
    };
    wait(*this, closed, no_deadline, readiness::closed);
    wait(*this, late, steady_time{}, readiness::timed_out);
    closed.own->close();
    times_.sweep(std::chrono::steady_clock::now());
    run_until_served(2);
    EXPECT_THAT(order_, ElementsAre("late", "closed"));

    // Later input is noticed as usual.
    wait(*this, again, no_deadline, readiness::ready);
    run_until_served(3);
    std::array<char, 8> bytes{};
    EXPECT_EQ(again.own->read_some(bytes).how, transfer::status::would_block);
    serve(again, false);
    run();
    EXPECT_EQ(order_.size(), 3U);
    again.send();
    run_until_served(4);
}

TEST_F(turns, are_free_when_nobody_waits)
{
    auto& poll = poller::of(context_);
    EXPECT_TRUE(poll.is_turn_free());
    poll.take_turn();
    EXPECT_TRUE(poll.is_turn_free()) << "outside its own work the poller delays no events";
}

TEST_F(turns, let_every_ready_socket_be_read_before_anything_is_sent)
{
    request one(*this, "one"), other(*this, "other");
    const auto relay = [](turns& test, request& r) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        test.order_.push_back("read " + r.name);
        co_await r.poll.all_read();
        test.order_.push_back("sent " + r.name);
        co_await r.poll.all_read(); // when nothing else is being read, nobody waits
        test.order_.push_back("sent more of " + r.name);
    };
    relay(*this, one);
    relay(*this, other);
    run();
    one.send();
    other.send();
    run_until_served(6);
    EXPECT_THAT(order_, ElementsAre("read one", "read other", "sent one", "sent more of one", "sent other",
                                    "sent more of other"));
}

// Output of slots is sent together too, as long as others wait for theirs. Events that arrive meanwhile do
// not wait for it.
TEST_F(turns, batch_their_output)
{
    const auto relay = [](turns& test, request& r, bool dear) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        if (dear)
            co_await r.poll.turn();
        if (dear)
            test.work_hard(r.poll);
        test.order_.push_back("did " + r.name);
        if (r.meanwhile)
            r.meanwhile();
        co_await r.poll.all_read();
        test.order_.push_back("sent " + r.name);
    };
    request first(*this, "1"), second(*this, "2"), third(*this, "3"), fourth(*this, "4"), late(*this, "late"),
        late_dear(*this, "5");
    second.meanwhile = [&] {
        late_dear.send();
        late.send();
    };
    for (auto* r : {&first, &second, &third, &fourth, &late_dear})
        relay(*this, *r, true);
    relay(*this, late, false);
    run();
    for (const auto* r : {&first, &second, &third, &fourth})
        r->send();
    run_until_served(12);
    EXPECT_THAT(order_, ElementsAre("did 1", "sent 1", "did 2", "did late", "sent late", "did 3", "did 4",
                                    "did 5", "sent 2", "sent 3", "sent 4", "sent 5"));
}

TEST_F(turns, do_not_delay_their_output_for_long)
{
    const auto relay = [](turns& test, request& r) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        co_await r.poll.turn();
        test.work_hard(r.poll);
        test.order_.push_back("did");
        co_await r.poll.all_read();
        test.order_.push_back("sent");
    };
    std::vector<std::unique_ptr<request>> many;
    for (int n = 0; n < 12; ++n)
        relay(*this, *many.emplace_back(std::make_unique<request>(*this, std::to_string(n))));
    run();
    for (const auto& r : many)
        r->send();
    run_until_served(2 * many.size());
    std::vector<std::string> expected{"did", "sent"}; // the first one finds its slot free
    for (const auto* what : {"did", "sent"})
        expected.insert(expected.end(), 8, what);
    for (const auto* what : {"did", "sent"})
        expected.insert(expected.end(), 3, what);
    EXPECT_EQ(order_, expected);
}

} // namespace
} // namespace scopegate::net
