// Event streams: the gate forwards each event at once. The stream ends with its token, or when it idles too
// long.
#include "support/calendar.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

#include <future>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;

std::string stream_head(std::string_view type = "text/event-stream")
{
    return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\nTransfer-Encoding: chunked\r\n\r\n";
}

std::string event(std::string_view data)
{
    const auto text = "data: " + std::string(data) + "\n\n";
    return std::string(1, "0123456789abcdef"[text.size()]) + "\r\n" + text + "\r\n"; // of up to 15 bytes
}

TEST(event_stream, forwards_each_event_at_once)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head() + event("1"));
        x.wait_for_release();
        x.send(event("2") + "0\r\n\r\n");
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({})));
    std::string head;
    while (!head.ends_with("\r\n\r\n"))
        head += client.read_bytes(1);
    EXPECT_THAT(head, testing::HasSubstr("text/event-stream"));
    EXPECT_EQ(client.read_bytes(event("1").size()), event("1")) << "before the API sends more";
    c.api.release();
    EXPECT_EQ(client.read_bytes(event("2").size() + 5), event("2") + "0\r\n\r\n");
    client.send(get("/public"));
    EXPECT_EQ(client.read().status, 200U) << "a stream that ends by itself leaves the connection usable";
}

TEST(event_stream, ends_with_its_token)
{
    for (const auto* type : {"text/event-stream", "Text/Event-Stream; charset=utf-8"}) {
        calendar c({.issuer = "clock_skew: 0s"});
        c.api.on("/any", [&](upstream_exchange& x) {
            x.send(stream_head(type) + event("1"));
            x.wait_for_close();
        });
        auto client = c.connect();
        client.send(get("/any", brief_token({}, 700ms)));
        const auto answer = client.read();
        EXPECT_EQ(answer.status, 200U);
        EXPECT_EQ(answer.body, "data: 1\n\n");
        EXPECT_EQ(answer.end, ending::cut) << type;
        c.api.wait_for_closed(1);
        EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "token-expired") << type;
    }
}

// Some issuers write such times for "never". They must not overflow a clock.
TEST(event_stream, stays_open_when_its_token_expires_in_the_year_9999)
{
    for (const std::string exp : {"20000000000", "253402300799", "1e15"}) {
        calendar c;
        c.api.on("/any", [](upstream_exchange& x) {
            x.send(stream_head() + event("1"));
            x.wait_for_release();
            x.send(event("2") + "0\r\n\r\n");
        });
        const auto token =
            make_token(R"({"iss":")" + std::string(calendar_issuer) + R"(","aud":")" +
                           std::string(calendar_audience) + R"(","scope":"","exp":)" + exp + "}",
                       jose::algorithm::es256);
        auto client = c.connect();
        client.send(get("/any", token));
        std::string head;
        while (!head.ends_with("\r\n\r\n"))
            head += client.read_bytes(1);
        EXPECT_EQ(client.read_bytes(event("1").size()), event("1")) << exp;
        c.api.release();
        EXPECT_EQ(client.read_bytes(event("2").size() + 5), event("2") + "0\r\n\r\n") << exp;
    }
}

TEST(event_stream, ends_with_its_token_however_busy_it_is)
{
    calendar c({.issuer = "clock_skew: 0s"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head());
        const auto end = std::chrono::steady_clock::now() + 5s;
        while (std::chrono::steady_clock::now() < end)
            x.send(event("x"));
    });
    auto client = c.connect();
    const auto start = std::chrono::steady_clock::now();
    client.send(get("/any", brief_token({}, 700ms)));
    EXPECT_EQ(client.read().end, ending::cut);
    EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);
}

TEST(event_stream, is_cut_at_expiry_but_an_ordinary_response_is_not)
{
    calendar c({.issuer = "clock_skew: 0s"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");
        x.wait_for_release();
        x.send("cd");
    });
    auto client = c.connect();
    client.send(get("/any", brief_token({}, 300ms)));
    EXPECT_EQ(client.read("GET", 700ms).end, ending::late);
    c.api.release();
    EXPECT_EQ(client.read_bytes(2), "cd");
}

TEST(event_stream, may_idle_longer_than_other_bodies)
{
    calendar c({.timeouts = "body: 300ms, stream: 5s"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head() + event("1"));
        x.wait_for_release();
        x.send(event("2") + "0\r\n\r\n");
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({})));
    EXPECT_EQ(client.read("GET", 800ms).end, ending::late) << "still open";
    c.api.release();
    EXPECT_EQ(client.read_bytes(event("2").size() + 5), event("2") + "0\r\n\r\n");
}

TEST(event_stream, is_cut_when_it_idles_too_long)
{
    calendar c({.timeouts = "stream: 400ms"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head() + event("1"));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({})));
    EXPECT_EQ(client.read().end, ending::cut);
    c.api.wait_for_closed(1);
}

TEST(event_stream, does_not_report_a_disconnect_as_an_expired_token)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head() + event("1"));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({})));
    EXPECT_NE(client.read_bytes(10), "");
    client.half_close();
    c.api.wait_for_closed(1);
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "client-gone");
}

TEST(event_stream, ends_when_the_client_leaves_while_events_arrive)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(stream_head() + event("1"));
        x.wait_for_release();
        x.send(event("2"));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({})));
    EXPECT_NE(client.read_bytes(10), "");
    client.half_close();
    c.api.release();
    c.api.wait_for_closed(1);
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "client-gone");
}

// The gate may find the client's end and the stream's beginning in the same poll. This is the order in which
// it finds both.
TEST(event_stream, notices_a_client_that_leaves_as_it_begins)
{
    for (const bool leaves_first : {false, true}) {
        calendar c;
        std::promise<void> begun;
        c.api.on("/any", [&](upstream_exchange& x) {
            x.wait_for_release();
            x.send(stream_head() + event("1"));
            begun.set_value();
            x.wait_for_close();
        });
        auto client = c.connect();
        client.send(get("/any", calendar_token({})));
        c.api.wait_for_heads(1);
        c.gate.freeze();
        if (leaves_first)
            client.half_close();
        c.api.release();
        begun.get_future().wait();
        if (!leaves_first)
            client.half_close();
        c.gate.send_signal(SIGCONT);
        c.api.wait_for_closed(1);
        EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "client-gone") << leaves_first;
    }
}

} // namespace
} // namespace scopegate::test
