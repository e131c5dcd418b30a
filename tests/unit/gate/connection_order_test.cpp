// The order in which a worker closes connections when it needs to free some.
#include "support/raw_client.hpp"
#include "unit/gate/running_worker.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>

namespace scopegate::gate {
namespace {

using test::raw_client;

std::string request()
{
    return test::request_text("GET", "/appointments/1", reader_token());
}

class connection_order : public testing::Test {
protected:
    connection_order() { api_.answer("/appointments/1", test::ok("one")); }

    [[nodiscard]] raw_client connect_and_ask()
    {
        raw_client made(gate_.address());
        EXPECT_EQ(made.exchange(request()).status, 200U);
        return made;
    }
    // Closes exactly one connection, as soon as one can be closed.
    void close_one(bool heads)
    {
        const auto end = std::chrono::steady_clock::now() + test::test_timeout;
        while (gate_.close_oldest(1, heads) == 0 && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
    }

    test::recording_upstream api_;
    running_worker gate_{api_};
};

TEST_F(connection_order, closes_the_longest_idle_connection_first)
{
    auto first = connect_and_ask();
    auto second = connect_and_ask();
    EXPECT_EQ(first.exchange(request()).status, 200U); // the second one has now been idle for longer
    EXPECT_EQ(gate_.close_oldest(1, false), 1U);
    EXPECT_TRUE(second.is_closed_clean());
    EXPECT_EQ(first.exchange(request()).status, 200U);
}

TEST_F(connection_order, closes_no_more_than_requested_and_returns_the_number)
{
    auto first = connect_and_ask();
    auto second = connect_and_ask();
    EXPECT_EQ(gate_.close_oldest(0, true), 0U);
    EXPECT_EQ(gate_.close_oldest(5, true), 2U);
    EXPECT_TRUE(first.is_closed_clean());
    EXPECT_TRUE(second.is_closed_clean());
    EXPECT_EQ(gate_.close_oldest(5, true), 0U);
}

TEST_F(connection_order, closes_unfinished_heads_only_when_requested_and_after_idle_connections)
{
    raw_client slow(gate_.address());
    slow.send(request().substr(0, 20));
    close_one(true);
    // The worker has seen the head, or the connection still counted as idle. It ends in both cases.
    EXPECT_NE(slow.read_to_end().end, test::ending::late);

    raw_client unfinished(gate_.address());
    unfinished.send(request().substr(0, 20));
    auto idle = connect_and_ask(); // by now the head's beginning has been read
    EXPECT_EQ(gate_.close_oldest(1, true), 1U);
    EXPECT_TRUE(idle.is_closed_clean());
    EXPECT_EQ(gate_.close_oldest(1, false), 0U);
    unfinished.send(request().substr(20));
    EXPECT_EQ(unfinished.read().status, 200U);
}

TEST_F(connection_order, leaves_a_request_in_progress_alone)
{
    api_.on("/appointments/2", [this](test::upstream_exchange& x) {
        EXPECT_EQ(gate_.close_oldest(5, true), 0U);
        x.send(test::ok("two"));
    });
    raw_client busy(gate_.address());
    EXPECT_EQ(busy.exchange(test::request_text("GET", "/appointments/2", reader_token())).body, "two");
}

TEST_F(connection_order, does_not_count_a_closed_connection)
{
    auto idle = connect_and_ask();
    EXPECT_EQ(gate_.close_oldest(1, true), 1U);
    const auto end = std::chrono::steady_clock::now() + test::test_timeout;
    while (gate_.connections() > 0 && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    EXPECT_EQ(gate_.connections(), 0U);
}

} // namespace
} // namespace scopegate::gate
