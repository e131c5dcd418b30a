// A transfer whose two sides are always ready must let other connections run.
#include "gate/relay.hpp"
#include "gate/tunnel.hpp"
#include "http1/stretch.hpp"
#include "support/connected_stream.hpp"
#include "support/run_until.hpp"
#include "unit/gate/raw_stream.hpp"

#include <gtest/gtest.h>

#include <string>

#include <sys/socket.h>

namespace scopegate::gate {
namespace {

constexpr std::size_t body_bytes = 4 * http1::stretch::max_bytes;
constexpr int room = 4 * static_cast<int>(body_bytes);
constexpr std::size_t max_passed =
    http1::stretch::max_bytes + net::buffer_pool::slice_bytes; // the last read may end beyond it

class long_transfer : public ::testing::Test {
public:
    void SetUp() override
    {
        const std::string body(body_bytes, 'x');
        sent_ = source_.send(body);
        if (sent_ <= max_passed)
            GTEST_SKIP() << "the kernel gives a socket no more than " << sent_ << " bytes here";
    }

    net::asio::io_context loop_{1};
    net::deadlines times_;
    net::buffer_pool buffers_;
    test::connected_stream source_{loop_, times_, room}, sink_{loop_, times_, room};
    std::size_t sent_ = 0;
};

TEST_F(long_transfer, yields_within_a_body)
{
    bool done = false;
    const auto transfer = [&]() -> net::detached {
        const http::body_framing framing{http::body_kind::length, sent_};
        raw_stream from(source_.own, buffers_, framing), to(sink_.own, buffers_);
        const relay_options options{std::chrono::seconds(10), std::chrono::seconds(10)};
        const auto end = co_await relay_body(from, to, options);
        EXPECT_EQ(end, relay_end::complete);
        done = true;
    };
    transfer();
    EXPECT_LE(sink_.has_arrived(), max_passed) << "too much was passed before other connections could run";
    EXPECT_TRUE(test::run_until(loop_, [&] { return done; }));
    EXPECT_EQ(sink_.has_arrived(), sent_);
}

TEST_F(long_transfer, yields_within_a_tunnel)
{
    bool done = false;
    const auto transfer = [&]() -> net::detached {
        raw_stream from(source_.own, buffers_), to(sink_.own, buffers_);
        tunnel t(from, to, std::chrono::seconds(10), net::no_deadline, {});
        static_cast<void>(co_await t.run());
        done = true;
    };
    transfer();
    EXPECT_LE(sink_.has_arrived(), max_passed) << "too much was passed before other connections could run";
    EXPECT_TRUE(test::run_until(loop_, [&] { return sink_.has_arrived() == sent_; }));
    ::shutdown(sink_.peer, SHUT_RDWR);
    EXPECT_TRUE(test::run_until(loop_, [&] { return done; }));
}

} // namespace
} // namespace scopegate::gate
