// An upstream sends the body that its head announced in a response that may have none, and sends it late.
// Those bytes must never become the response to another client.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

// Sends the head at once. Sends bytes that look like a whole response when the test releases it.
upstream_script sends_body_late(std::string head)
{
    return [head = std::move(head)](upstream_exchange& x) {
        x.send(head);
        if (x.wait_for_release())
            x.send(ok("of another client"));
    };
}

TEST(late_body, never_becomes_the_next_clients_response)
{
    struct {
        std::string sentence, method, head;
    } const rows[] = {
        {"HEAD with a length", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 59\r\n\r\n"},
        {"HEAD with chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"HEAD without a length", "HEAD", "HTTP/1.1 200 OK\r\n\r\n"},
        {"HEAD of an error", "HEAD", "HTTP/1.1 404 Not Found\r\nContent-Length: 59\r\n\r\n"},
        {"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 59\r\n\r\n"},
        {"304 with chunks", "GET", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"204 with a length", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 59\r\n\r\n"},
        {"205 with a length", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\n{}"},
    };
    for (const auto& r : rows) {
        calendar c({.server = "workers: 1"});
        c.api.on("/public/late", sends_body_late(r.head));
        auto first = c.connect();
        EXPECT_EQ(first.exchange(request_text(r.method, "/public/late", {})).end, ending::complete)
            << r.sentence;
        auto next = c.connect();
        next.send(get("/public/own"));
        EXPECT_NO_THROW(c.api.wait_for_heads(2)) << r.sentence << ": the connection was used again";
        c.api.release();
        const auto own = next.read();
        EXPECT_EQ(json_member(own.body, "target"), "/public/own") << r.sentence << own;
        EXPECT_EQ(c.api.connections(), 2U) << r.sentence;
    }
}

TEST(late_body, leaves_the_connection_usable_when_the_head_announces_no_body)
{
    struct {
        std::string sentence, method, bytes;
    } const rows[] = {
        {"HEAD with a length of 0", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
        {"304", "GET", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n"},
        {"204", "GET", "HTTP/1.1 204 No Content\r\n\r\n"},
        {"204 with a length of 0", "GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"},
        {"205 with an empty body in chunks", "GET",
         "HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    };
    for (const auto& r : rows) {
        calendar c({.server = "workers: 1"});
        c.api.answer("/public/none", r.bytes);
        auto client = c.connect();
        EXPECT_EQ(client.exchange(request_text(r.method, "/public/none", {})).end, ending::complete)
            << r.sentence;
        EXPECT_EQ(client.exchange(get("/public")).status, 200U) << r.sentence;
        EXPECT_EQ(c.api.connections(), 1U) << r.sentence;
    }
}

} // namespace
} // namespace scopegate::test
