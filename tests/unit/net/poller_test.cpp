// Turns of dear work: what it may keep waiting, and what not; and what is sent when. (That streams are told
// is in stream_test.cpp.)
#include "net/poller.hpp"

#include "net/stream.hpp"
#include "net/task.hpp"

#include <gmock/gmock.h>

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
    // A request that costs little, or that awaits its turn and then takes longer than one look leaves time
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
        std::function<void()> meanwhile; // happens while it is served
    };

    detached serve(request& r, bool dear)
    {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        if (dear) {
            co_await r.poll.turn();
            r.poll.take_turn();
            for (const auto until = std::chrono::steady_clock::now() + 100us;
                 std::chrono::steady_clock::now() < until;) {
            }
        }
        order_.push_back(r.name);
        if (r.meanwhile)
            r.meanwhile();
    }
    void run()
    {
        context_.restart();
        context_.poll();
    }

    deadlines times_;
    asio::io_context context_{1};
    std::vector<std::string> order_;
};

TEST_F(turns, dear_work_lets_others_pass_and_keeps_its_order)
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
    while (order_.size() < 5)
        run();
    EXPECT_THAT(order_, ElementsAre("dear 1", "cheap", "dear 2", "late", "dear 3"));
}

TEST_F(turns, who_gives_way_goes_on_behind_what_is_ready)
{
    request busy(*this, "busy"), other(*this, "other");
    serve(other, false);
    const auto work = [](turns& test, request& r) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        co_await r.poll.give_way();
        test.order_.push_back("busy");
        co_await r.poll.give_way(); // with nothing else to do it goes on as well
        test.order_.push_back("busy again");
    };
    work(*this, busy);
    run();
    busy.send();
    other.send();
    while (order_.size() < 3)
        run();
    EXPECT_THAT(order_, ElementsAre("other", "busy", "busy again"));
}

TEST_F(turns, are_free_where_nobody_is_kept_waiting)
{
    auto& poll = poller::of(context_);
    EXPECT_TRUE(poll.is_turn_free());
    poll.take_turn();
    EXPECT_TRUE(poll.is_turn_free()) << "outside its own work it has nothing to let pass";
}

TEST_F(turns, everything_that_is_ready_is_read_before_anything_is_sent)
{
    request one(*this, "one"), other(*this, "other");
    const auto relay = [](turns& test, request& r) -> detached {
        const auto woken = co_await r.own->readable(no_deadline);
        EXPECT_EQ(woken, readiness::ready);
        test.order_.push_back("read " + r.name);
        co_await r.poll.all_read();
        test.order_.push_back("sent " + r.name);
        co_await r.poll.all_read(); // where nothing is read meanwhile nobody waits
        test.order_.push_back("sent more of " + r.name);
    };
    relay(*this, one);
    relay(*this, other);
    run();
    one.send();
    other.send();
    while (order_.size() < 6)
        run();
    EXPECT_THAT(order_, ElementsAre("read one", "read other", "sent one", "sent more of one", "sent other",
                                    "sent more of other"));
}

} // namespace
} // namespace scopegate::net
