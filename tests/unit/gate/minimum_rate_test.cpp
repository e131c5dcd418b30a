// The minimum rate of a request's body, alone and as the relay enforces it.
#include "gate/minimum_rate.hpp"

#include "gate/relay.hpp"
#include "unit/gate/raw_stream.hpp"

#include <gmock/gmock.h>

#include <array>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::gate {
namespace {

using namespace std::chrono_literals;

// Simulates a client that sends `bytes` after each `pause`. Returns after how long it is too slow, or nothing
// if it is not too slow within an hour.
std::optional<std::chrono::seconds> too_slow_after(std::chrono::milliseconds pause, std::size_t bytes)
{
    const steady_time start(24h);
    minimum_rate rate(60s, true);
    for (auto now = start; now < start + 1h; now += pause) {
        if (rate.deadline(now) < now + pause)
            return std::chrono::floor<std::chrono::seconds>(rate.deadline(now) - start);
        rate.waited(now, now + pause);
        rate.received(bytes);
    }
    return std::nullopt;
}

TEST(minimum_rate, is_128_bytes_a_second_averaged_over_a_minute)
{
    struct {
        std::string sentence;
        std::chrono::milliseconds pause;
        std::size_t bytes;
        std::optional<std::chrono::seconds> end;
    } const rows[] = {
        {"nothing at all", 2h, 0, 60s},
        {"a byte just before each pause is too long", 29s, 1, 60s},
        {"a byte a second", 1s, 1, 60s},
        {"half the rate: the allowance lasts twice as long", 1s, 64, 119s},
        {"a tenth below the rate", 10s, 1152, 519s},
        {"just the rate", 1s, 128, std::nullopt},
        {"the rate in one piece a minute", 60s, 7680, std::nullopt},
        {"a slow phone: 2 KiB every 10 s", 10s, 2048, std::nullopt},
        {"a fast client that rests for 50 s each time", 50s, 1'000'000, std::nullopt},
    };
    for (const auto& r : rows)
        EXPECT_EQ(too_slow_after(r.pause, r.bytes), r.end) << r.sentence;
}

TEST(minimum_rate, does_not_credit_a_fast_beginning)
{
    const steady_time start(24h);
    minimum_rate rate(60s, true);
    rate.received(10'000'000);
    EXPECT_EQ(rate.deadline(start), start + 60s);
}

TEST(minimum_rate, does_not_count_time_before_the_client_may_send)
{
    const steady_time start(24h);
    minimum_rate rate(60s, false);
    EXPECT_EQ(rate.deadline(start), net::no_deadline);
    rate.waited(start, start + 50s);
    rate.start(start + 70s); // during a wait that began at 50 s
    rate.waited(start + 50s, start + 80s);
    EXPECT_EQ(rate.deadline(start + 80s), start + 80s + 50s);
}

TEST(minimum_rate, starts_with_a_client_that_sends_without_permission)
{
    const steady_time start(24h);
    minimum_rate rate(60s, false);
    rate.waited(start, start + 50s);
    rate.received(1);
    rate.waited(start + 50s, start + 60s);
    EXPECT_LT(rate.deadline(start + 60s), start + 111s);
}

TEST(minimum_rate, counts_nothing_once_it_is_stopped)
{
    const steady_time start(24h);
    minimum_rate rate(60s, true);
    rate.waited(start, start + 59s);
    rate.stop();
    rate.waited(start, start + 2h);
    rate.received(0);
    EXPECT_EQ(rate.deadline(start), net::no_deadline);
}

// Relays a body of ten bytes from one socket pair to another. The test plays the client and the upstream.
class rated_relay : public ::testing::Test {
protected:
    rated_relay()
    {
        for (auto* const pair : {&client_, &upstream_})
            EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->data()), 0);
        const int little = 4096;
        ::setsockopt(upstream_[0], SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        source_ = new net::stream(context_, client_[0], times_);
        sink_ = new net::stream(context_, upstream_[0], times_);
    }
    ~rated_relay() override
    {
        source_->close();
        sink_->close();
        run();
        ::close(client_[1]);
        ::close(upstream_[1]);
    }
    void run(steady_time now = std::chrono::steady_clock::now())
    {
        context_.restart();
        context_.poll();
        times_.sweep(now);
        context_.poll();
    }
    void client_sends(std::string_view bytes) const
    {
        EXPECT_EQ(::send(client_[1], bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
    }
    net::detached relay(std::uint64_t length)
    {
        raw_stream from(source_, buffers_, {http::body_kind::length, length}), to(sink_, buffers_);
        relay_options options{1h, 1h};
        options.rate = &rate_;
        end_ = co_await relay_body(from, to, options);
    }

    net::asio::io_context context_{1};
    net::deadlines times_;
    std::array<int, 2> client_{}, upstream_{};
    net::stream_ptr source_, sink_;
    net::buffer_pool buffers_;
    minimum_rate rate_{60s, true};
    std::optional<relay_end> end_;
};

TEST_F(rated_relay, cuts_off_a_client_below_the_rate)
{
    const auto begin = std::chrono::steady_clock::now();
    relay(10);
    client_sends("x");
    run(begin + 59s);
    EXPECT_FALSE(end_);
    run(std::chrono::steady_clock::now() + 61s);
    EXPECT_EQ(end_, relay_end::source_slow);
}

TEST_F(rated_relay, does_not_blame_the_client_for_a_slow_upstream)
{
    rate_.waited(steady_time(),
                 steady_time(60s)); // the allowance is used up: the next wait for the client ends it
    const std::string much(1'000'000, 'x');
    std::size_t sent = 0;
    const auto send_more = [&] {
        for (ssize_t n = 1; n > 0 && sent<much.size(); sent += n> 0 ? static_cast<std::size_t>(n) : 0)
            n = ::send(client_[1], much.data() + sent, much.size() - sent, MSG_DONTWAIT);
    };
    send_more();
    relay(sent); // the body is complete, and larger than the upstream takes at once
    run(std::chrono::steady_clock::now() + 50min);
    EXPECT_FALSE(end_);
    std::array<char, 65536> bytes{};
    while (!end_) {
        while (::recv(upstream_[1], bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
        }
        run(std::chrono::steady_clock::now() + 50min);
    }
    EXPECT_EQ(end_, relay_end::complete);
}

TEST_F(rated_relay, may_be_as_slow_as_it_likes_once_the_rate_is_stopped)
{
    rate_.stop();
    relay(10);
    run(std::chrono::steady_clock::now() + 59min);
    EXPECT_FALSE(end_);
    client_sends("ten bytes.");
    run();
    EXPECT_EQ(end_, relay_end::complete);
}

} // namespace
} // namespace scopegate::gate
