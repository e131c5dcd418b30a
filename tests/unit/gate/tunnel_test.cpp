// A tunnel whose peers the test controls, while one side is slow.
#include "gate/tunnel.hpp"

#include "support/connected_stream.hpp"
#include "support/run_until.hpp"
#include "unit/gate/raw_stream.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace scopegate::gate {
namespace {

using namespace std::chrono_literals;

// The API reads nothing more, and the client has sent more than the buffers take.
class stuck_tunnel : public ::testing::Test {
public:
    void SetUp() override
    {
        const std::string much(256UL * 1024, 'x');
        while (client_.send(much) > 0) {
        }
        run();
        ASSERT_TRUE(test::run_until(loop_, [&] { return api_.has_arrived() == arrived_before(); }));
        ASSERT_FALSE(end_);
    }
    // Returns the count of the previous call. Two equal counts in a row mean that the API's socket is full.
    [[nodiscard]] std::size_t arrived_before() { return std::exchange(last_seen_, api_.has_arrived()); }

    net::detached run()
    {
        raw_stream client(client_.own, buffers_), upstream(api_.own, buffers_);
        tunnel t(client, upstream, 1h, net::no_deadline, {});
        tunnel_ = &t;
        end_ = co_await t.run();
        ended_as_ = t.ending().why;
    }
    [[nodiscard]] bool ends()
    {
        return test::run_until(loop_, [&] { return end_.has_value(); });
    }

    net::asio::io_context loop_{1};
    net::deadlines times_;
    net::buffer_pool buffers_;
    test::connected_stream client_{loop_, times_, 16384}, api_{loop_, times_, 4096};
    std::size_t last_seen_ = 1;
    tunnel* tunnel_ = nullptr; // until it has ended
    std::optional<tunnel_end> end_;
    reason ended_as_ = reason::allowed;
};

TEST_F(stuck_tunnel, keeps_the_reason_of_an_expiry_that_comes_after_the_client_ends)
{
    ::shutdown(client_.peer, SHUT_WR);
    loop_.restart();
    loop_.poll();
    tunnel_->expire({reason::token_expired, 1008, "expired"});
    EXPECT_TRUE(ends());
    EXPECT_EQ(end_, tunnel_end::expired);
    EXPECT_EQ(ended_as_, reason::token_expired);
}

TEST_F(stuck_tunnel, ends_when_its_client_is_closed_on_our_side)
{
    client_.own->close();
    EXPECT_TRUE(ends());
    EXPECT_FALSE(api_.own->is_open());
}

TEST_F(stuck_tunnel, ends_when_its_client_resets)
{
    client_.close_peer();
    EXPECT_TRUE(ends());
    EXPECT_FALSE(api_.own->is_open());
}

TEST_F(stuck_tunnel, gives_the_api_some_time_when_its_client_ends)
{
    ::shutdown(client_.peer, SHUT_WR);
    loop_.restart();
    loop_.poll();
    EXPECT_FALSE(end_) << "the bytes that the API has not read may contain a close frame";
    times_.sweep(std::chrono::steady_clock::now() + 6s);
    EXPECT_TRUE(ends());
    EXPECT_FALSE(api_.own->is_open());
}

} // namespace
} // namespace scopegate::gate
