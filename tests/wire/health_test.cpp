// The listeners for probes, while other clients try to keep probes out.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <vector>

namespace scopegate::test {
namespace {

// The calendar with both listeners. Each test runs against one of them.
class health : public testing::TestWithParam<const char*> {
protected:
    health() : c_({.server = "health: \"127.0.0.1:0\""})
    {
        address_ = c_.gate.wait_for_event(
            "listening", [](const log_line& line) { return line["listener"] == GetParam(); })["address"];
    }
    [[nodiscard]] raw_client connect() const { return raw_client(address_); }

    calendar c_;
    std::string address_;
};

constexpr std::string_view probe = "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

TEST_P(health, responds_to_probes_beside_300_idle_connections)
{
    std::vector<raw_client> idle;
    for (int i = 0; i < 300; ++i)
        idle.push_back(connect());
    for (int i = 0; i < 3; ++i) {
        auto client = connect();
        EXPECT_EQ(client.exchange(probe).status, 200U);
    }
    EXPECT_TRUE(idle.front().is_closed_clean()) << "the oldest connection was not evicted";
    EXPECT_EQ(c_.exchange(get("/public")).status, 200U);
}

TEST_P(health, responds_to_probes_beside_300_unfinished_heads)
{
    std::vector<raw_client> slow;
    for (int i = 0; i < 300; ++i) {
        slow.push_back(connect());
        slow.back().send("POST /limit HTTP/1.1\r\n");
    }
    EXPECT_EQ(connect().exchange(probe).status, 200U);
}

TEST_P(health, responds_to_probes_beside_300_unfinished_bodies)
{
    std::vector<raw_client> slow;
    for (int i = 0; i < 300; ++i) {
        slow.push_back(connect());
        slow.back().send("POST /limit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
    }
    EXPECT_EQ(connect().exchange(probe).status, 200U);
}

TEST_P(health, evicts_connections_with_an_unfinished_body_before_a_probe)
{
    std::vector<raw_client> slow;
    const auto owe = [&] {
        slow.push_back(connect());
        slow.back().send("POST /limit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{");
    };
    for (int i = 0; i < 200; ++i)
        owe();
    auto client = connect();
    for (int i = 0; i < 20; ++i)
        owe();
    EXPECT_EQ(client.exchange(probe).status, 200U);
}

TEST_P(health, closes_after_one_response)
{
    auto client = connect();
    const auto answer = client.exchange(probe);
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_clean());
}

TEST_P(health, closes_a_connection_that_sends_no_head)
{
    auto silent = connect();
    auto slow = connect();
    slow.send(probe.substr(0, 20));
    EXPECT_TRUE(silent.is_closed_clean());
    EXPECT_TRUE(slow.is_closed_clean());
}

INSTANTIATE_TEST_SUITE_P(listeners, health, testing::Values("admin", "health"),
                         [](const auto& listener) { return std::string(listener.param); });

} // namespace
} // namespace scopegate::test
