// One connection carries many requests: one after the other, pipelined, split anywhere. These tests also show
// when it ends.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <unistd.h>

namespace scopegate::test {
namespace {

using testing::IsEmpty;

TEST(keep_alive, reuses_both_connections)
{
    calendar c;
    auto client = c.connect();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    EXPECT_EQ(c.api.connections(), 1U);
    auto another = c.connect();
    EXPECT_EQ(another.exchange(get("/public")).status, 200U);
    EXPECT_EQ(c.api.connections(), 1U) << "the idle connection to the API was not reused";
}

TEST(keep_alive, serves_pipelined_requests_in_order)
{
    calendar c;
    const auto token = calendar_token("read:appointments");
    const auto all = get("/public/1") + get("/appointments") +
                     request_text("POST", "/public/2", {}, {}, "body") + get("/appointments/3", token) +
                     get("/public/a%2Fb") + get("/public/4", {}, "Connection: close\r\n");
    const unsigned statuses[] = {200, 401, 200, 200, 400, 200};
    auto client = c.connect();
    client.send(all);
    for (const auto status : statuses) {
        const auto answer = client.read();
        EXPECT_EQ(answer.status, status) << answer;
    }
    EXPECT_TRUE(client.is_closed_clean());
    EXPECT_EQ(c.api.wait_for_requests(4)[1].body, "body");
}

TEST(keep_alive, serves_pipelined_requests_that_are_split_anywhere)
{
    calendar c;
    const auto all =
        get("/public/1") + request_text("POST", "/public/2", {}, {}, "body") + get("/appointments");
    for (std::size_t cut = 1; cut < all.size(); cut += 3) {
        auto client = c.connect();
        client.send_cut(all, {cut});
        ASSERT_EQ(json_member(client.read().body, "target"), "/public/1") << "split at " << cut;
        ASSERT_EQ(json_member(client.read().body, "body_bytes"), "4") << "split at " << cut;
        ASSERT_EQ(client.read().status, 401U) << "split at " << cut;
    }
}

// An HTTP/1.0 client waits for the end of the connection unless the response says that it stays open.
TEST(keep_alive, is_announced_to_http_1_0_clients_in_a_denial)
{
    const calendar c;
    const std::string request = "GET /appointments HTTP/1.0\r\nHost: a\r\n";
    auto keeping = c.connect();
    for (int i = 0; i < 2; ++i) {
        keeping.send(request + "Connection: keep-alive\r\n\r\n");
        const auto refused = keeping.read();
        EXPECT_EQ(refused.status, 401U) << refused;
        EXPECT_EQ(refused.value("Connection"), "keep-alive") << refused;
    }
    keeping.send(request + "\r\n");
    EXPECT_EQ(keeping.read().value("Connection"), "close");
    EXPECT_TRUE(keeping.is_closed_clean());
}

TEST(keep_alive, never_takes_the_body_of_a_denied_request_for_a_request)
{
    calendar c;
    const auto inner = get("/public/smuggled");
    const std::string rows[] = {
        request_text("POST", "/appointments", {}, {}, inner),
        request_text("POST", "/appointments", {}, "Transfer-Encoding: chunked\r\n") + chunks(inner, 1000),
        request_text("POST", "/nothing", {}, {}, inner),
        request_text("POST", "/public/a%2Fb", {}, {}, inner),
    };
    for (const auto& row : rows)
        for (const std::size_t cut : {row.size(), row.find("\r\n\r\n") + 4, row.find("GET ")}) {
            auto client = c.connect();
            client.send_cut(row, {cut});
            EXPECT_GE(client.read("POST").status, 400U) << row;
            client.half_close();
            const auto rest = client.read_to_end();
            EXPECT_EQ(rest.bytes, "") << row << "split at " << cut;
        }
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

// The API responds and closes without having read the body. The gate cannot send the rest, and notices that
// first.
TEST(keep_alive, never_takes_the_rest_of_an_unread_body_for_a_request)
{
    calendar c;
    c.api.on("/public/full", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send("HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nfull");
        x.close();
    });
    auto client = c.connect();
    client.send(request_text("POST", "/public/full", {}, "Content-Length: 1000000\r\n"));
    c.api.wait_for_heads(1);
    c.gate.freeze();
    const auto inner = get("/public/smuggled");
    client.send(std::string(200000, 'x') + inner);
    c.api.release();
    c.api.wait_for_closed(1);
    c.gate.send_signal(SIGCONT);
    const auto answer = client.read("POST");
    EXPECT_TRUE(answer.status == 413 || answer.status == 502) << answer;
    client.send(inner);
    client.half_close();
    EXPECT_EQ(client.read_to_end().bytes, "");
    EXPECT_EQ(c.api.requests().size(), 1U);
}

TEST(keep_alive, ends_with_400_whenever_a_body_is_malformed)
{
    calendar c;
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n"));
    c.api.wait_for_heads(1);
    c.gate.freeze();
    client.send("20000\r\n" + std::string(0x20000, 'x') + "\r\nno size\r\n" + get("/public/smuggled"));
    c.gate.send_signal(SIGCONT);
    EXPECT_EQ(client.read("POST").status, 400U);
    EXPECT_EQ(client.read_to_end().bytes, "");
    EXPECT_EQ(c.api.requests().size(), 1U);

    client = c.connect(); // all at once
    client.send(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + "20000\r\n" +
                std::string(0x20000, 'x') + "\r\nno size\r\n" + get("/public/smuggled"));
    EXPECT_EQ(client.read("POST").status, 400U);
    EXPECT_EQ(client.read_to_end().bytes, "");
}

TEST(keep_alive, skips_one_empty_line_before_a_request)
{
    calendar c;
    auto client = c.connect();
    EXPECT_EQ(client.exchange(request_text("POST", "/public", {}, {}, "x")).status, 200U);
    client.send("\r\n" + get("/public"));
    EXPECT_EQ(client.read().status, 200U);
}

TEST(keep_alive, ends_when_either_side_says_close)
{
    calendar c;
    for (const auto* line :
         {"Connection: close\r\n", "Connection: CLOSE\r\n", "Connection: foo, close\r\n"}) {
        auto client = c.connect();
        EXPECT_EQ(client.exchange(get("/public", {}, line)).value("Connection"), "close") << line;
        EXPECT_TRUE(client.is_closed_clean()) << line;
    }
    auto refused = c.connect();
    EXPECT_EQ(refused.exchange(get("/appointments", {}, "Connection: close\r\n")).value("Connection"),
              "close");
    EXPECT_TRUE(refused.is_closed_clean());
}

TEST(keep_alive, closes_an_idle_connection_silently)
{
    calendar c({.timeouts = "idle: 300ms"});
    auto fresh = c.connect();
    auto used = c.connect();
    EXPECT_EQ(used.exchange(get("/public")).status, 200U);
    EXPECT_TRUE(fresh.is_closed_clean());
    EXPECT_TRUE(used.is_closed_clean());
}

// A request on a connection that the API is about to close would be lost.
TEST(keep_alive, keeps_an_upstream_connection_one_second_less_than_announced)
{
    struct {
        std::string keep_alive;
        std::size_t connections;
    } const rows[] = {
        {"timeout=1", 2}, {"timeout=0", 2}, {"max=100, Timeout=1", 2}, {"timeout=60", 1}, {"max=5", 1}};
    for (const auto& r : rows) {
        calendar c({.server = "workers: 1"});
        c.api.answer("/public/kept", ok("kept", "Keep-Alive: " + r.keep_alive + "\r\n"));
        auto client = c.connect();
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(client.exchange(get("/public/kept")).status, 200U);
        EXPECT_EQ(c.api.connections(), r.connections) << r.keep_alive;
    }
}

TEST(keep_alive, closes_an_upstream_connection_when_its_time_is_over)
{
    calendar c;
    c.api.answer("/public/kept", ok("kept", "Keep-Alive: timeout=2\r\n"));
    EXPECT_EQ(c.exchange(get("/public/kept")).status, 200U);
    c.api.wait_for_closed(1);
}

TEST(keep_alive, works_on_unix_sockets_on_both_sides)
{
    recording_upstream api("unix:/tmp/scopegate-test-api-" + std::to_string(::getpid()) + ".sock");
    const auto path = "/tmp/scopegate-test-gate-" + std::to_string(::getpid()) + ".sock";
    {
        gate_process gate({.upstream = api.url(), .listen = "[\"127.0.0.1:0\", \"unix:" + path + "\"]"});
        raw_client client("unix:" + path);
        EXPECT_EQ(client.exchange(get("/public")).status, 200U);
        EXPECT_EQ(raw_client(gate.address()).exchange(get("/public")).status, 200U);
        EXPECT_EQ(gate.stop(), 0);
    }
    ::unlink(api.url().substr(5).c_str());
    ::unlink(path.c_str());
}

} // namespace
} // namespace scopegate::test
