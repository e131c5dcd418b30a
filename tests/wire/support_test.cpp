// The tests' own client and upstream, connected directly. The conclusions of the wire tests rely on these
// two.
#include "support/raw_client.hpp"
#include "support/recording_upstream.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(support, records_and_echoes_requests_in_its_upstream)
{
    recording_upstream api;
    raw_client client(api.authority());
    const auto answer =
        client.exchange(request_text("POST", "/a?b=c", {}, "X-Odd:  two words \r\n", "hello"));
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(answer.body, R"({"method":"POST","target":"/a?b=c","body_bytes":5})");
    const auto seen = api.wait_for_requests(1).front();
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/a?b=c");
    EXPECT_EQ(seen.body, "hello");
    EXPECT_EQ(seen.value("x-odd"), "two words");
    EXPECT_EQ(seen.connection, 1U);
}

TEST(support, serves_requests_in_turn_and_pipelined_on_one_connection)
{
    recording_upstream api;
    raw_client client(api.authority());
    client.send_cut(get("/1") + request_text("PUT", "/2", {}, "Transfer-Encoding: chunked\r\n") +
                        chunks("some text", 4) + get("/3"),
                    {3, 60, 130});
    EXPECT_THAT(client.read().body, HasSubstr("/1"));
    EXPECT_THAT(client.read().body, HasSubstr(R"("body_bytes":9)"));
    EXPECT_THAT(client.read().body, HasSubstr("/3"));
    EXPECT_EQ(api.wait_for_requests(3)[1].body, "some text");
    EXPECT_EQ(api.connections(), 1U);
    EXPECT_THAT(api.faults(), ElementsAre());
}

TEST(support, lets_a_script_close_reset_and_wait)
{
    recording_upstream api;
    api.on("/closes", sends_then_closes("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    api.on("/resets",
           sends_then_resets("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"));
    api.on("/waits", answers_when_released(ok("late")));
    raw_client closed(api.authority());
    const auto half = closed.exchange(get("/closes"));
    EXPECT_EQ(half.end, ending::cut) << half;
    EXPECT_EQ(half.raw_body, "half");
    raw_client reset(api.authority());
    EXPECT_EQ(reset.exchange(get("/resets")).end, ending::reset);
    raw_client waiting(api.authority());
    waiting.send(get("/waits"));
    api.wait_for_heads(3);
    api.release();
    EXPECT_EQ(waiting.read().body, "late");
}

TEST(support, sends_100_continue_when_the_client_expects_it)
{
    recording_upstream api;
    raw_client client(api.authority());
    client.send(request_text("POST", "/", {}, "Content-Length: 2\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(client.read("POST").status, 100U);
    client.send("ok");
    EXPECT_THAT(client.read("POST").body, HasSubstr(R"("body_bytes":2)"));
}

TEST(support, closes_idle_connections_in_order)
{
    recording_upstream api;
    raw_client client(api.authority());
    EXPECT_EQ(client.exchange(get("/")).status, 200U);
    api.wait_for_requests(1);
    api.close_idle();
    EXPECT_TRUE(client.is_closed_clean());
}

TEST(support, reports_malformed_messages_as_a_fault_of_the_sender)
{
    const std::string rows[] = {
        "GET / HTTP/1.1\nHost: a\r\n\r\n",                                             // a bare LF
        "GET / HTTP/1.1\r\n\r\n",                                                      // no Host
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", // two lengths
        "GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n", // a blank before the colon
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",         // two blanks
    };
    for (const auto& row : rows) {
        recording_upstream api;
        raw_client client(api.authority());
        client.send(row);
        EXPECT_TRUE(client.is_closed_clean()) << row;
        EXPECT_EQ(api.faults().size(), 1U) << row;
    }
}

TEST(support, reads_responses_to_their_exact_end)
{
    recording_upstream api;
    api.answer("/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
                               chunks("0123456789", 3, "X-Sum: 45\r\n"));
    api.answer("/none", "HTTP/1.1 204 No Content\r\n\r\n");
    api.on("/to-the-end", sends_then_closes("HTTP/1.1 200 OK\r\n\r\nall of it"));
    api.answer("/odd", "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n1");
    raw_client client(api.authority());
    const auto chunked = client.exchange(get("/chunked"));
    EXPECT_EQ(chunked.body, "0123456789") << chunked;
    EXPECT_THAT(chunked.trailers, ElementsAre(testing::Pair("X-Sum", "45")));
    EXPECT_EQ(client.exchange(get("/none")).end, ending::complete);
    EXPECT_EQ(client.exchange(request_text("HEAD", "/chunked", {})).status, 200U);
    raw_client another(api.authority());
    EXPECT_EQ(another.exchange(get("/to-the-end")).body, "all of it");
    raw_client third(api.authority());
    EXPECT_EQ(third.exchange(get("/odd")).end, ending::malformed);
}

} // namespace
} // namespace scopegate::test
