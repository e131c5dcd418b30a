// A worker's behavior when the memory of the process runs short.
#include "support/raw_client.hpp"
#include "unit/gate/running_worker.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>
#include <vector>

namespace scopegate::gate {
namespace {

using test::raw_client;
using testing::HasSubstr;

constexpr std::size_t mib = 1024UL * 1024;

class memory_limit : public testing::Test {
protected:
    memory_limit() { gate_.counters().memory.set_limit(100 * mib); }

    void hold(std::size_t percent) { gate_.counters().memory.set_uncounted(percent * mib); }
    [[nodiscard]] raw_client connect_and_ask()
    {
        raw_client made(gate_.address());
        EXPECT_EQ(made.exchange(request_).status, 200U);
        return made;
    }

    // Waits until this many connections have been closed to free memory.
    void expect_closed(std::size_t count)
    {
        const auto end = std::chrono::steady_clock::now() + test::test_timeout;
        while (gate_.counters().memory_closed < count && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        EXPECT_EQ(gate_.counters().memory_closed, count);
    }

    test::recording_upstream api_;
    running_worker gate_{api_};
    const std::string request_ = test::get("/appointments/17", reader_token());
};

TEST_F(memory_limit, refuses_new_requests_until_there_is_memory_again)
{
    hold(100);
    raw_client refused(gate_.address());
    const auto answer = refused.exchange(request_);
    EXPECT_EQ(answer.status, 503U) << answer;
    EXPECT_THAT(answer.body, HasSubstr("urn:scopegate:problem:memory-limit"));
    EXPECT_FALSE(answer.value("Retry-After").empty());
    EXPECT_TRUE(refused.is_closed_clean());
    EXPECT_EQ(gate_.counters().memory_refusals, 1U);
    hold(0);
    static_cast<void>(connect_and_ask());
    EXPECT_EQ(gate_.counters().memory_refusals, 1U);
}

TEST_F(memory_limit, lets_requests_in_progress_finish)
{
    api_.on("/appointments/17", [](test::upstream_exchange& x) {
        x.read_body();
        if (x.wait_for_release())
            x.send(test::ok(x.asked().body));
    });
    raw_client client(gate_.address());
    const std::string body(300'000, 'x');
    client.send(test::request_text("POST", "/appointments/17", reader_token(),
                                   "Content-Length: " + std::to_string(body.size()) + "\r\n"));
    api_.wait_for_heads(1);
    hold(120);
    client.send(body);
    api_.release();
    const auto answer = client.read_final("POST");
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.body, body);
}

TEST_F(memory_limit, closes_idle_connections_at_80_percent)
{
    auto idle = connect_and_ask();
    hold(79);
    EXPECT_EQ(idle.exchange(request_).status, 200U);
    hold(81);
    EXPECT_TRUE(idle.is_closed_clean());
    expect_closed(1);
    static_cast<void>(connect_and_ask()); // new connections are served
}

TEST_F(memory_limit, closes_lingering_connections_at_80_percent)
{
    raw_client refused(gate_.address());
    refused.send("POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
    EXPECT_EQ(refused.read("POST").status, 404U);
    hold(79);
    EXPECT_TRUE(refused.send("x"));
    hold(81);
    expect_closed(1);
    EXPECT_EQ(gate_.connections(), 0U);
}

TEST_F(memory_limit, closes_the_oldest_unfinished_heads_for_new_ones)
{
    hold(81);
    std::vector<raw_client> slow;
    for (std::size_t i = 0; i < 3; ++i) {
        expect_closed(i == 0 ? 0 : i - 1);
        slow.emplace_back(gate_.address());
        slow.back().send("GET /appointments/17 HTTP/1.1\r\nHost: a\r\n");
    }
    expect_closed(2);
    EXPECT_TRUE(slow[0].is_closed_clean());
    EXPECT_TRUE(slow[1].is_closed_clean());
    hold(0);
    slow.back().send("Authorization: Bearer " + reader_token() + "\r\n\r\n");
    EXPECT_EQ(slow.back().read().status, 200U);
}

} // namespace
} // namespace scopegate::gate
