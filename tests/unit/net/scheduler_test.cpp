// Verification slots, yielding, postponed readers, and when output is flushed. No stream takes part:
// poller_test.cpp tests the readiness, stream_test.cpp the streams.
#include "net/scheduler.hpp"

#include "net/task.hpp"
#include "support/run_until.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>

#include <array>
#include <coroutine>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::net {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class scheduler_test : public ::testing::Test {
public:
    // A request arrives as a byte on a socket. It is cheap, or it waits for a slot and then takes longer than
    // one budget.
    struct request final : pollable, postponed_reader {
        request(scheduler_test& test, std::string called)
            : name(std::move(called)), schedule(scheduler::of(test.context_))
        {
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
            EXPECT_TRUE(schedule.poller().add(ends[0], *this));
        }
        ~request()
        {
            schedule.poller().forget(ends[0], *this);
            ::close(ends[0]);
            ::close(ends[1]);
        }
        void send() const { EXPECT_EQ(::send(ends[1], "x", 1, 0), 1); }
        void on_events(std::uint32_t events) noexcept override
        {
            if ((events & EPOLLIN) != 0)
                on_continue();
        }
        void on_continue() noexcept override
        {
            if (waiter)
                std::exchange(waiter, {}).resume();
        }
        // To await: ends with the next event, or when the scheduler continues the postponed reader.
        struct arrival {
            request& self;
            [[nodiscard]] bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<> awaiting) const noexcept { self.waiter = awaiting; }
            void await_resume() const noexcept {}
        };
        [[nodiscard]] arrival arrives() { return {*this}; }
        [[nodiscard]] arrival continues()
        {
            schedule.postpone(*this);
            return {*this};
        }

        std::string name;
        scheduler& schedule;
        std::array<int, 2> ends{};
        std::coroutine_handle<> waiter;
        std::function<void()> meanwhile; // runs while this request is served
    };

    detached serve(request& r, bool expensive)
    {
        co_await r.arrives();
        if (expensive)
            co_await r.schedule.verification_slot();
        if (expensive)
            work_hard(r.schedule);
        order_.push_back(r.name);
        if (r.meanwhile)
            r.meanwhile();
    }
    // Works for longer than one budget.
    static void work_hard(scheduler& schedule)
    {
        schedule.take_slot();
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

    asio::io_context context_{1};
    std::vector<std::string> order_;
};

TEST_F(scheduler_test, lets_cheap_work_pass_and_keeps_the_order_of_expensive_work)
{
    request first(*this, "expensive 1"), second(*this, "expensive 2"), third(*this, "expensive 3"),
        cheap(*this, "cheap"), late(*this, "late");
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
    EXPECT_THAT(order_, ElementsAre("expensive 1", "cheap", "expensive 2", "late", "expensive 3"));
}

TEST_F(scheduler_test, resumes_yielding_work_behind_the_ready_events)
{
    request busy(*this, "busy"), other(*this, "other");
    serve(other, false);
    const auto work = [](scheduler_test& test, request& r) -> detached {
        co_await r.arrives();
        co_await r.schedule.yield();
        test.order_.push_back("busy");
        co_await r.schedule.yield(); // it also continues when nothing else is ready
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
TEST_F(scheduler_test, continues_postponed_readers_behind_the_ready_events)
{
    request first(*this, "first"), second(*this, "second"), other(*this, "other");
    const auto transfer_much = [](scheduler_test& test, request& r) -> detached {
        co_await r.arrives();
        for (int round = 0; round < 2; ++round) {
            co_await r.continues();
            work_hard(r.schedule);
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
TEST_F(scheduler_test, lets_handlers_of_the_loop_run_beside_endless_transfers)
{
    request first(*this, "first"), second(*this, "second"), third(*this, "third");
    bool stops = false;
    const auto transfer = [&stops](request& r) -> detached {
        while (!stops) {
            co_await r.continues();
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
        first.schedule.revive(); // as the sweep of the deadlines does
    }
    stops = true;
    run();
}

TEST_F(scheduler_test, always_has_a_free_slot_outside_of_polls)
{
    auto& schedule = scheduler::of(context_);
    EXPECT_TRUE(schedule.slot_free());
    schedule.take_slot();
    EXPECT_TRUE(schedule.slot_free()) << "a handler of Asio's delays no events of a poll";
}

TEST_F(scheduler_test, has_one_free_slot_in_each_poll)
{
    request first(*this, "first"), second(*this, "second");
    const auto take = [](scheduler_test& test, request& r) -> detached {
        co_await r.arrives();
        test.order_.push_back(r.schedule.slot_free() ? "free" : "taken");
        r.schedule.take_slot();
    };
    for (int poll = 0; poll < 2; ++poll) {
        take(*this, first);
        take(*this, second);
        run();
        first.send();
        second.send();
        run_until_served(order_.size() + 2);
    }
    EXPECT_THAT(order_, ElementsAre("free", "taken", "free", "taken"));
}

TEST_F(scheduler_test, continues_a_yielding_handler_of_the_loop)
{
    const auto handle = [](scheduler_test& test) -> detached {
        co_await scheduler::of(test.context_).yield();
        test.order_.push_back("continued");
    };
    handle(*this);
    EXPECT_THAT(order_, ElementsAre());
    run_until_served(1);
}

TEST_F(scheduler_test, continues_no_reader_that_was_destroyed_or_is_postponed_twice)
{
    {
        request gone(*this, "gone");
        gone.schedule.postpone(gone);
    }
    request kept(*this, "kept");
    const auto wait = [](scheduler_test& test, request& r) -> detached {
        r.schedule.postpone(r);
        co_await r.continues();
        test.order_.push_back(r.name);
        co_await r.arrives();
        test.order_.push_back("continued twice");
    };
    wait(*this, kept);
    run_until_served(1);
    run();
    EXPECT_THAT(order_, ElementsAre("kept"));
    kept.send();
    run_until_served(2);
}

TEST_F(scheduler_test, sends_after_every_ready_socket_has_been_read)
{
    request one(*this, "one"), other(*this, "other");
    const auto relay = [](scheduler_test& test, request& r) -> detached {
        co_await r.arrives();
        test.order_.push_back("read " + r.name);
        co_await r.schedule.flush_point();
        test.order_.push_back("sent " + r.name);
        co_await r.schedule.flush_point(); // when nothing else is being read, nobody waits
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
TEST_F(scheduler_test, batches_the_output_of_slots)
{
    const auto relay = [](scheduler_test& test, request& r, bool expensive) -> detached {
        co_await r.arrives();
        if (expensive)
            co_await r.schedule.verification_slot();
        if (expensive)
            test.work_hard(r.schedule);
        test.order_.push_back("did " + r.name);
        if (r.meanwhile)
            r.meanwhile();
        co_await r.schedule.flush_point();
        test.order_.push_back("sent " + r.name);
    };
    request first(*this, "1"), second(*this, "2"), third(*this, "3"), fourth(*this, "4"), late(*this, "late"),
        late_expensive(*this, "5");
    second.meanwhile = [&] {
        late_expensive.send();
        late.send();
    };
    for (auto* r : {&first, &second, &third, &fourth, &late_expensive})
        relay(*this, *r, true);
    relay(*this, late, false);
    run();
    for (const auto* r : {&first, &second, &third, &fourth})
        r->send();
    run_until_served(12);
    EXPECT_THAT(order_, ElementsAre("did 1", "sent 1", "did 2", "did late", "sent late", "did 3", "did 4",
                                    "did 5", "sent 2", "sent 3", "sent 4", "sent 5"));
}

TEST_F(scheduler_test, does_not_delay_the_output_of_slots_for_long)
{
    const auto relay = [](scheduler_test& test, request& r) -> detached {
        co_await r.arrives();
        co_await r.schedule.verification_slot();
        test.work_hard(r.schedule);
        test.order_.push_back("did");
        co_await r.schedule.flush_point();
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
