#include "net/gather.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

#include <gmock/gmock.h>

#include <array>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::net {
namespace {

using namespace std::chrono_literals;

steady_time now()
{
    return std::chrono::steady_clock::now();
}

// A stream on one end of a socket pair. The test holds the other end.
class stream_test : public ::testing::Test {
protected:
    stream_test()
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        stream_ = new stream(context_, ends[0], times_);
        peer_ = ends[1];
    }
    ~stream_test() override
    {
        if (peer_ >= 0)
            ::close(peer_);
        stream_->close();
        run();
    }

    void run()
    {
        context_.restart();
        context_.poll();
    }
    void peer_sends(std::string_view bytes)
    {
        ASSERT_EQ(::send(peer_, bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
    }
    void peer_closes() { ::close(std::exchange(peer_, -1)); }

    detached await_readable(steady_time deadline)
    {
        outcome_.reset();
        outcome_ = co_await stream_->readable(deadline);
    }

    // Expects that a wait continues until the peer sends.
    void wait_ends_with_input()
    {
        await_readable(no_deadline);
        run();
        EXPECT_FALSE(outcome_);
        peer_sends("x");
        run();
        EXPECT_EQ(outcome_, readiness::ready);
    }

    asio::io_context context_{1};
    deadlines times_;
    stream_ptr stream_;
    int peer_ = -1;
    std::optional<readiness> outcome_;
};

TEST_F(stream_test, ends_a_wait_when_bytes_arrive)
{
    wait_ends_with_input();
}

TEST_F(stream_test, ends_a_wait_at_once_if_bytes_have_arrived)
{
    peer_sends("x");
    stream_->arm_read();
    run();
    EXPECT_TRUE(stream_->read_pending());
    await_readable(no_deadline);
    EXPECT_EQ(outcome_, readiness::ready);
}

TEST_F(stream_test, arms_the_next_wait_when_a_read_drains_the_socket)
{
    peer_sends("first");
    std::array<char, 64> bytes{};
    EXPECT_EQ(stream_->read_some(bytes).bytes, 5U);
    peer_sends("second");
    run();
    EXPECT_TRUE(stream_->read_pending());
}

TEST_F(stream_test, ends_only_overdue_waits_in_a_sweep)
{
    await_readable(now() + 1h);
    times_.sweep(now() + 59min);
    EXPECT_FALSE(outcome_);
    times_.sweep(now() + 61min);
    EXPECT_EQ(outcome_, readiness::timed_out);
}

TEST_F(stream_test, lets_a_deadline_be_moved_during_a_wait)
{
    await_readable(now() + 1h);
    stream_->move_read_deadline(now() + 1s);
    times_.sweep(now() + 2s);
    EXPECT_EQ(outcome_, readiness::timed_out);
}

TEST_F(stream_test, ends_a_wait_when_it_is_closed)
{
    await_readable(no_deadline);
    stream_->close();
    run();
    EXPECT_EQ(outcome_, readiness::closed);
    await_readable(no_deadline);
    EXPECT_EQ(outcome_, readiness::closed) << "a wait on a closed stream must end at once";
}

// A wait ends at its deadline although the scheduler would continue the reader later.
TEST_F(stream_test, ends_a_postponed_read_at_its_deadline)
{
    stream_->read_later();
    await_readable(steady_time{});
    times_.sweep(now());
    EXPECT_EQ(outcome_, readiness::timed_out);
}

TEST_F(stream_test, ends_a_postponed_read_when_it_is_closed)
{
    stream_->read_later();
    await_readable(no_deadline);
    stream_->close();
    run();
    EXPECT_EQ(outcome_, readiness::closed);
}

TEST_F(stream_test, notices_input_after_a_postponed_read)
{
    stream_->read_later();
    await_readable(no_deadline);
    run();
    EXPECT_EQ(outcome_, readiness::ready) << "as if input had come";
    std::array<char, 8> bytes{};
    EXPECT_EQ(stream_->read_some(bytes).how, transfer::status::would_block);
    wait_ends_with_input();
}

TEST_F(stream_test, reads_an_end_when_the_peer_leaves)
{
    peer_closes();
    await_readable(no_deadline);
    run();
    EXPECT_EQ(outcome_, readiness::ready);
    EXPECT_EQ(stream_->peek(), stream::peer_state::closed);
    std::array<char, 8> bytes{};
    EXPECT_EQ(stream_->read_some(bytes).how, transfer::status::end);
}

class counting_observer final : public read_observer {
public:
    void on_unawaited_read() noexcept override { ++calls; }
    int calls = 0;
};

TEST_F(stream_test, tells_an_observer_about_input_that_nobody_waits_for)
{
    counting_observer observer;
    stream_->observe(&observer);
    stream_->arm_read();
    peer_sends("x");
    run();
    EXPECT_EQ(observer.calls, 1);
    EXPECT_EQ(stream_->peek(), stream::peer_state::input);
    stream_->observe(nullptr);
}

TEST_F(stream_test, tells_an_observer_that_it_was_closed)
{
    counting_observer observer;
    stream_->observe(&observer);
    stream_->arm_read();
    run();
    stream_->close();
    run();
    EXPECT_EQ(observer.calls, 1);
    stream_->observe(nullptr);
}

detached send_all(gather& pieces, stream& to, std::optional<transfer::status>& end)
{
    while (!pieces.send_now(to)) {
        if (pieces.has_failed()) {
            end = transfer::status::failed;
            co_return;
        }
        const auto woken = co_await to.writable(coarse_now() + 1h);
        EXPECT_EQ(woken, readiness::ready);
    }
    end = transfer::status::done;
}

TEST_F(stream_test, continues_a_gather_where_a_full_socket_stopped_it)
{
    const std::string large(1 << 20, 'x');
    gather pieces;
    EXPECT_TRUE(pieces.add("head "));
    EXPECT_TRUE(pieces.add(large));
    EXPECT_TRUE(pieces.add(" tail"));
    std::optional<transfer::status> end;
    send_all(pieces, *stream_, end);
    std::string received;
    std::array<char, 65536> bytes{};
    while (!end || received.size() < large.size() + 10) {
        run();
        const auto n = ::recv(peer_, bytes.data(), bytes.size(), 0);
        ASSERT_GT(n, 0) << "after " << received.size() << " bytes";
        received.append(bytes.data(), static_cast<std::size_t>(n));
    }
    EXPECT_EQ(end, transfer::status::done);
    EXPECT_EQ(received, "head " + large + " tail");
    EXPECT_TRUE(pieces.empty());
}

TEST_F(stream_test, fails_to_gather_to_a_peer_that_left)
{
    peer_closes();
    gather pieces;
    EXPECT_TRUE(pieces.add("x"));
    std::optional<transfer::status> end;
    send_all(pieces, *stream_, end);
    EXPECT_EQ(end, transfer::status::failed);
}

TEST(gather, sends_the_rest_from_another_place)
{
    gather out;
    out.add("head ");
    out.add("and body");
    EXPECT_EQ(out.bytes(), 13U);
    std::string place(out.bytes(), '\0');
    out.move_to(place);
    EXPECT_EQ(place, "head and body");
    EXPECT_EQ(out.bytes(), 13U);
    EXPECT_TRUE(out.has_room(gather::capacity - 1)) << "the rest is one piece now";
}

TEST(gather, joins_adjacent_pieces_and_refuses_those_that_do_not_fit)
{
    const std::string text(200, 'x');
    gather pieces;
    for (std::size_t i = 0; i < 100; ++i)
        EXPECT_TRUE(pieces.add(std::string_view(text).substr(i, 1))) << "adjacent pieces are joined";
    for (std::size_t i = 1; i < gather::capacity; ++i)
        EXPECT_TRUE(pieces.add(std::string_view(text).substr(i % 2 == 0 ? 0 : 150, 1)));
    EXPECT_FALSE(pieces.add(std::string_view(text).substr(100, 1)));
}

task<int> forty_two()
{
    co_return 42;
}

task<int> failing()
{
    throw std::runtime_error("failed");
    co_return 0;
}

detached run_task(task<int> t, std::optional<int>& value, bool& failed)
{
    try {
        value = co_await t;
    } catch (const std::runtime_error&) {
        failed = true;
    }
}

TEST(task, passes_its_value_or_exception_to_the_awaiting_coroutine)
{
    std::optional<int> value;
    bool failed = false;
    run_task(forty_two(), value, failed);
    EXPECT_EQ(value, 42);
    run_task(failing(), value, failed);
    EXPECT_TRUE(failed);
}

} // namespace
} // namespace scopegate::net
