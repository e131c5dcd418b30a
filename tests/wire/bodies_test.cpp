// Bodies arrive as they were sent, in both directions, whatever their framing.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::string_view chunked = "Transfer-Encoding: chunked\r\n";
const std::string ok_chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(bodies, keep_the_framing_of_a_request)
{
    calendar c;
    const auto sized = c.forwarded(request_text("POST", "/public", {}, {}, "twelve bytes"));
    EXPECT_EQ(sized.body, "twelve bytes");
    EXPECT_EQ(sized.value("Content-Length"), "12") << sized;
    EXPECT_FALSE(sized.chunked);

    const auto in_chunks =
        c.forwarded(request_text("POST", "/public", {}, chunked) + chunks("twelve bytes", 5));
    EXPECT_EQ(in_chunks.body, "twelve bytes");
    EXPECT_TRUE(in_chunks.chunked) << in_chunks;

    const auto empty = c.forwarded(request_text("POST", "/public", {}, "Content-Length: 0\r\n"));
    EXPECT_EQ(empty.value("Content-Length"), "0") << empty;
    const auto none = c.forwarded(get("/public"));
    EXPECT_FALSE(none.has("Content-Length")) << none;
    EXPECT_FALSE(none.has("Transfer-Encoding")) << none;
    const auto no_chunks = c.forwarded(request_text("POST", "/public", {}, chunked) + chunks(""));
    EXPECT_EQ(no_chunks.body, "") << no_chunks;
}

TEST(bodies, arrive_wherever_the_request_is_split)
{
    calendar c;
    const auto text = request_text("POST", "/public", {}, chunked) + chunks("cut me to pieces", 7);
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
        auto client = c.connect();
        client.send_cut(text, {cut});
        const auto answer = client.read_final("POST");
        ASSERT_EQ(answer.status, 200U) << "split at " << cut << answer;
        ASSERT_EQ(c.api.wait_for_requests(cut).back().body, "cut me to pieces") << "split at " << cut;
    }
}

TEST(bodies, lose_chunk_extensions_and_trailers_of_a_request)
{
    calendar c;
    const auto seen = c.forwarded(request_text("POST", "/public", {}, chunked) +
                                  "5;name=value\r\nhello\r\n0\r\nX-Auth-Subject: root\r\nX-Sum: 1\r\n\r\n");
    EXPECT_EQ(seen.body, "hello");
    EXPECT_THAT(seen.trailers, IsEmpty()) << seen;
    EXPECT_EQ(seen.raw_body.find(';'), std::string::npos);
}

struct response_row {
    std::string sentence, upstream, body;
    bool chunked = false;
    std::string length = {}; // the Content-Length that the client gets
};

TEST(bodies, arrive_unchanged_in_responses)
{
    const response_row rows[] = {
        {"a length stays", ok("hello"), "hello", false, "5"},
        {"nothing stays nothing", ok(""), "", false, "0"},
        {"chunks stay chunks", ok_chunked + chunks("hello, hello", 5), "hello, hello", true},
        {"no chunks at all", ok_chunked + chunks(""), "", true},
        {"a chunk's size in capitals and zeros", ok_chunked + "00A\r\n0123456789\r\n0\r\n\r\n", "0123456789",
         true},
    };
    calendar c;
    auto client = c.connect();
    for (const auto& row : rows) {
        c.api.answer("/public/row", row.upstream);
        const auto answer = client.exchange(get("/public/row"));
        EXPECT_EQ(answer.end, ending::complete) << row.sentence << answer;
        EXPECT_EQ(answer.body, row.body) << row.sentence;
        EXPECT_EQ(answer.chunked, row.chunked) << row.sentence << answer;
        EXPECT_EQ(answer.value("Content-Length"), row.length) << row.sentence;
    }
    EXPECT_EQ(c.api.connections(), 1U);
}

TEST(bodies, get_chunked_framing_when_only_the_upstreams_close_delimits_them)
{
    calendar c;
    c.api.on("/public/until-close",
             sends_then_closes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it"));
    c.api.on("/public/old", sends_then_closes("HTTP/1.0 200 OK\r\n\r\nall of it"));
    auto client = c.connect();
    for (const auto* path : {"/public/until-close", "/public/old"}) {
        const auto answer = client.exchange(get(path));
        EXPECT_EQ(answer.version, "HTTP/1.1") << answer;
        EXPECT_EQ(answer.body, "all of it");
        EXPECT_TRUE(answer.chunked) << "the client cannot tell the end from a truncation";
    }
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
}

TEST(bodies, are_absent_from_some_responses)
{
    calendar c;
    c.api.answer("/public/204", "HTTP/1.1 204 No Content\r\nX-Own: 1\r\n\r\n");
    c.api.answer("/public/304", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 500\r\n\r\n");
    c.api.answer("/public/head", "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
    c.api.answer("/public/head-chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    auto client = c.connect();
    const auto no_content = client.exchange(get("/public/204"));
    EXPECT_EQ(no_content.status, 204U);
    EXPECT_EQ(no_content.value("X-Own"), "1");
    EXPECT_FALSE(no_content.has("Content-Length")) << no_content;
    EXPECT_EQ(client.exchange(get("/public/304")).value("ETag"), "\"a\"");
    EXPECT_EQ(client.exchange(request_text("HEAD", "/public/head", {})).value("Content-Length"), "12345");
    EXPECT_EQ(client.exchange(request_text("HEAD", "/public/head-chunked", {})).status, 200U);
    EXPECT_EQ(client.exchange(get("/public")).status, 200U) << "the connection is out of sync";
}

TEST(bodies, are_absent_from_responses_to_head)
{
    calendar c;
    const auto token = calendar_token("read:appointments");
    const auto answer = c.exchange(request_text("HEAD", "/appointments", token));
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(c.api.wait_for_requests(1).front().method, "HEAD");
}

TEST(bodies, leave_ranges_to_the_api)
{
    calendar c;
    c.api.on("/public/file", [](upstream_exchange& x) {
        x.send(x.asked().value("Range") == "bytes=2-4"
                   ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\nContent-Length: "
                     "3\r\n\r\n234"
                   : "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n");
    });
    const auto part = c.exchange(get("/public/file", {}, "Range: bytes=2-4\r\n"));
    EXPECT_EQ(part.status, 206U) << part;
    EXPECT_EQ(part.value("Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(part.body, "234");
    EXPECT_EQ(c.exchange(get("/public/file", {}, "Range: bytes=90-\r\n")).status, 416U);
}

TEST(bodies, pass_in_both_directions_at_once)
{
    calendar c;
    c.api.on("/public/echo", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
        for (int i = 0; i < 3; ++i)
            x.send(x.receive(10));
        x.close();
    });
    auto client = c.connect();
    client.send(request_text("POST", "/public/echo", {}, "Content-Length: 30\r\n"));
    std::string head;
    while (!head.ends_with("\r\n\r\n"))
        head += client.read_bytes(1);
    for (const std::string part : {"first ten.", "second ten", "third ten."}) {
        client.send(part);
        EXPECT_EQ(client.read_bytes(10), part);
    }
    client.send(get("/public"));
    EXPECT_EQ(client.read().status, 200U);
}

// If the client sent its next request behind a body that nobody reads, that request would be lost.
TEST(bodies, end_the_connection_when_a_whole_response_precedes_their_end)
{
    calendar c;
    for (const auto* status : {"200 OK", "404 Not Found"}) {
        c.api.on("/public/early", [status](upstream_exchange& x) {
            x.send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 2\r\n\r\nok");
            x.wait_for_close();
        });
        auto client = c.connect();
        client.send(request_text("POST", "/public/early", {}, "Content-Length: 10\r\n") + "abc");
        const auto answer = client.read("POST");
        EXPECT_EQ(answer.body, "ok") << status;
        EXPECT_EQ(answer.value("connection"), "close") << status;
    }
}

TEST(bodies, pass_response_trailers_to_clients_that_accept_them)
{
    calendar c;
    c.api.answer("/public/sum",
                 ok_chunked +
                     chunks("0123456789", 4, "X-Sum: 45\r\nX-Auth-Subject: root\r\nContent-Length: 3\r\n"));
    const auto taken = c.exchange(get("/public/sum", {}, "TE: trailers\r\nConnection: TE\r\n"));
    EXPECT_EQ(taken.body, "0123456789");
    EXPECT_THAT(taken.trailers, ElementsAre(Pair("X-Sum", "45"))) << taken;
    EXPECT_THAT(c.exchange(get("/public/sum")).trailers, IsEmpty());
    c.api.answer("/public/named",
                 "HTTP/1.1 200 OK\r\nConnection: x-hop\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     chunks("0123456789", 4, "X-Hop: 1\r\nX-Sum: 45\r\n"));
    EXPECT_THAT(c.exchange(get("/public/named", {}, "TE: trailers\r\nConnection: TE\r\n")).trailers,
                ElementsAre(Pair("X-Sum", "45")))
        << "fields that Connection names are hop-by-hop in trailers too";
}

TEST(bodies, are_not_chunked_for_http_1_0_clients)
{
    calendar c;
    c.api.answer("/public/chunked", ok_chunked + chunks("hello, hello", 5));
    auto client = c.connect();
    client.send("GET /public/chunked HTTP/1.0\r\nHost: calendar.example.com\r\n\r\n");
    const auto unsized = client.read();
    EXPECT_EQ(unsized.end, ending::complete) << unsized;
    EXPECT_FALSE(unsized.chunked) << "HTTP/1.0 has no chunked coding";
    EXPECT_EQ(unsized.body, "hello, hello");
    EXPECT_TRUE(client.is_closed_clean());

    auto keeping = c.connect();
    keeping.send("GET /public HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_EQ(keeping.read().value("Connection"), "keep-alive");
    keeping.send("GET /public HTTP/1.0\r\n\r\n"); // HTTP/1.0 does not require Host
    EXPECT_EQ(keeping.read().status, 200U);
    EXPECT_TRUE(keeping.is_closed_clean());
    const auto seen = c.api.wait_for_requests(3).back();
    EXPECT_EQ(seen.value("Host"), c.api.authority());
}

TEST(bodies, may_follow_interim_responses)
{
    calendar c;
    c.api.answer("/public/hints",
                 "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" +
                     ok("done"));
    auto client = c.connect();
    client.send(get("/public/hints"));
    const auto hints = client.read();
    EXPECT_EQ(hints.status, 103U);
    EXPECT_EQ(hints.value("Link"), "</a.css>");
    EXPECT_EQ(client.read().status, 102U);
    EXPECT_EQ(client.read().body, "done");
    client.send("GET /public/hints HTTP/1.0\r\nHost: a\r\n\r\n");
    EXPECT_EQ(client.read().status, 200U) << "HTTP/1.0 has no interim responses";
}

} // namespace
} // namespace scopegate::test
