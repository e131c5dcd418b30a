// A transfer whose two sides are always ready must let other connections run.
#include "gate/stretch.hpp"

#include "gate/relay.hpp"
#include "gate/tunnel.hpp"
#include "support/run_until.hpp"
#include "unit/gate/connected_stream.hpp"

#include <gtest/gtest.h>

#include <string>

#include <sys/socket.h>

namespace scopegate::gate {
namespace {

constexpr std::size_t body_bytes = 4 * stretch::most_bytes;
constexpr int room = 4 * static_cast<int>(body_bytes);
constexpr std::size_t most_passed =
    stretch::most_bytes + buffer_pool::slice_bytes; // the last read may end beyond it

class long_transfer : public ::testing::Test {
public:
    void SetUp() override
    {
        const std::string body(body_bytes, 'x');
        sent_ = source_.send(body);
        if (sent_ <= most_passed)
            GTEST_SKIP() << "the kernel gives a socket no more than " << sent_ << " bytes here";
    }

    net::asio::io_context loop_{1};
    net::deadlines times_;
    buffer_pool buffers_;
    connected_stream source_{loop_, times_, room}, sink_{loop_, times_, room};
    std::size_t sent_ = 0;
};

TEST_F(long_transfer, yields_within_a_body)
{
    bool done = false;
    const auto transfer = [&]() -> net::detached {
        body_relay body({.kind = http::body_kind::length, .length = sent_}, false, 0);
        buffer slice;
        net::gather out;
        std::string_view leftover;
        const relay_timeouts patience{std::chrono::seconds(10), std::chrono::seconds(10)};
        const auto end =
            co_await relay_body(body, *source_.own, *sink_.own, buffers_, slice, {}, out, patience, leftover);
        EXPECT_EQ(end, relay_end::complete);
        done = true;
    };
    transfer();
    EXPECT_LE(sink_.has_arrived(), most_passed) << "too much was passed before other connections could run";
    EXPECT_TRUE(test::run_until(loop_, [&] { return done; }));
    EXPECT_EQ(sink_.has_arrived(), sent_);
}

TEST_F(long_transfer, yields_within_a_tunnel)
{
    bool done = false;
    const auto transfer = [&]() -> net::detached {
        buffer up, down;
        tunnel t(*source_.own, *sink_.own, std::chrono::seconds(10), net::no_deadline, {}, buffers_);
        static_cast<void>(co_await t.run({}, up, {}, down));
        done = true;
    };
    transfer();
    EXPECT_LE(sink_.has_arrived(), most_passed) << "too much was passed before other connections could run";
    EXPECT_TRUE(test::run_until(loop_, [&] { return sink_.has_arrived() == sent_; }));
    ::shutdown(sink_.peer, SHUT_RDWR);
    EXPECT_TRUE(test::run_until(loop_, [&] { return done; }));
}

} // namespace
} // namespace scopegate::gate
