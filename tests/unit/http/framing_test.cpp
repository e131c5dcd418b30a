#include "http/framing.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <string>

namespace scopegate::http {
namespace {

std::string say(const body_framing& body)
{
    switch (body.kind) {
    case body_kind::none:
        return "none";
    case body_kind::length:
        return "length " + std::to_string(body.length);
    case body_kind::chunked:
        return "chunked";
    default:
        return "until close";
    }
}

struct row {
    std::string_view start; // method and version, or status line
    std::string_view fields;
    std::string_view outcome;
    std::string_view why;
};

std::string framed_request(const row& r)
{
    const auto space = r.start.find(' ');
    const auto data = std::string(r.start.substr(0, space)) + " /" + std::string(r.start.substr(space)) +
                      "\r\n" + std::string(r.fields) + "\r\n";
    request_head head;
    EXPECT_TRUE(parse_request_head(data, {}, head)) << r.why;
    return test::outcome(frame_request(head), [](const request_framing& f) {
        return say(f.body) + ", host " + std::string(f.host) + (f.keep_alive ? ", keep" : ", close") +
               (f.expect_continue ? ", expect" : "") + (f.accepts_trailers ? ", trailers" : "") +
               (f.upgrade_websocket ? ", websocket" : "");
    });
}

TEST(frame_request, reads_the_body_length)
{
    const row rows[] = {
        {"GET HTTP/1.1", "Host: a\r\n", "none, host a, keep", "no body without a length"},
        {"POST HTTP/1.1", "Host: a\r\n", "none, host a, keep", "not on POST either"},
        {"POST HTTP/1.1", "Host: a\r\nContent-Length: 0\r\n", "length 0, host a, keep",
         "a length of nothing"},
        {"POST HTTP/1.1", "Host: a\r\nContent-Length: 10\r\n", "length 10, host a, keep", "a length"},
        {"POST HTTP/1.1", "Host: a\r\ncontent-length:9223372036854775807\r\n",
         "length 9223372036854775807, host a, keep", "the largest length"},
        {"POST HTTP/1.1", "Host: a\r\nContent-Length: 9223372036854775808\r\n", "!ambiguous-framing",
         "one more is negative to a signed reader"},
        {"POST HTTP/1.1", "Host: a\r\nContent-Length: 99999999999999999999999999\r\n", "!ambiguous-framing",
         "many digits"},
        {"POST HTTP/1.1", "Host: a\r\nContent-Length: 00\r\n", "!ambiguous-framing", "two zeros"},
        {"POST HTTP/1.1", "Host: a\r\nTransfer-Encoding: Chunked\r\n", "chunked, host a, keep", "chunked"},
        {"GET HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n", "chunked, host a, keep", "on GET too"},
        {"POST HTTP/1.0", "Content-Length: 5\r\n", "length 5, host , close", "HTTP/1.0 with a length"},
        {"POST HTTP/1.0", "Transfer-Encoding: chunked\r\n", "!ambiguous-framing", "HTTP/1.0 has no codings"},
        {"POST HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip\r\nContent-Length: 5\r\n", "!ambiguous-framing",
         "both, whatever the coding is"},
        {"POST HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip\r\n", "!unsupported-transfer-coding",
         "another coding"},
        {"POST HTTP/1.1", "Host: a\r\nTransfer-Encoding: \r\n", "!unsupported-transfer-coding", "no coding"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(framed_request(r), r.outcome) << r.why;
}

// RFC 9112 section 3.2.2: the API takes the host from the target.
TEST(frame_request, compares_the_authority_of_an_absolute_target_with_the_host)
{
    const struct {
        std::string_view target, rest, outcome, why;
    } rows[] = {
        {"http://a.example:8080/a?b", "HTTP/1.1\r\nHost: A.example:8080\r\n", "A.example:8080",
         "in any letter case"},
        {"https://[2001:db8::1]", "HTTP/1.1\r\nHost: [2001:DB8::1]\r\n", "[2001:DB8::1]", "an address"},
        {"/a?b=http://b.example/", "HTTP/1.1\r\nHost: a.example\r\n", "a.example",
         "a URL in the query is none"},
        {"foo?http://b.example/", "HTTP/1.0\r\n", "", "a URL in the query of what is no target"},
        {"http://b.example/a", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host", "another"},
        {"http://a.example:80/a", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host", "with a port"},
        {"http://b.example/a/../b", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host",
         "in a target that step 2 refuses"},
        {"http://x@a.example/", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host", "with a user"},
        {"gopher://b.example/", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host", "under any scheme"},
        {"http:///a", "HTTP/1.1\r\nHost: a.example\r\n", "!bad-host", "none"},
        {"http://a.example/a", "HTTP/1.0\r\n", "a.example", "HTTP/1.0 without Host"},
        {"http://x@a.example/a", "HTTP/1.0\r\n", "!bad-host", "which must be one"},
    };
    for (const auto& r : rows) {
        const auto data = "GET " + std::string(r.target) + " " + std::string(r.rest) + "\r\n";
        request_head head;
        EXPECT_TRUE(parse_request_head(data, {}, head)) << r.why;
        EXPECT_EQ(
            test::outcome(frame_request(head), [](const request_framing& f) { return std::string(f.host); }),
            r.outcome)
            << r.why;
    }
}

TEST(frame_request, reads_connection_expectation_and_upgrade)
{
    const row rows[] = {
        {"GET HTTP/1.1", "Host: a\r\nConnection: close\r\n", "none, host a, close", "close"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: CLOSE\r\n", "none, host a, close", "in any letter case"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: keep-alive, close\r\n", "none, host a, close", "close wins"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: close\r\nConnection: keep-alive\r\n", "none, host a, close",
         "in another field too"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: closed\r\n", "none, host a, keep", "another option"},
        {"GET HTTP/1.0", "Host: a\r\n", "none, host a, close", "HTTP/1.0 closes"},
        {"GET HTTP/1.0", "Connection: Keep-Alive\r\n", "none, host , keep", "unless it says not to"},
        {"GET HTTP/1.0", "Connection: keep-alive, close\r\n", "none, host , close", "close wins"},
        {"GET HTTP/1.0", "Proxy-Connection: keep-alive\r\n", "none, host , close",
         "a field that does not count"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: x, HOST\r\n", "!ambiguous-framing", "names Host"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: content_length\r\n", "!ambiguous-framing",
         "names the length"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: transfer-encoding\r\n", "!ambiguous-framing",
         "names the coding"},
        {"POST HTTP/1.1", "Host: a\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n",
         "length 5, host a, keep, expect", "100-continue in any letter case"},
        {"POST HTTP/1.1", "Host: a\r\nExpect: 100-continue, x\r\n", "!unsupported-expectation",
         "more than that"},
        {"POST HTTP/1.1", "Host: a\r\nExpect: \r\n", "!unsupported-expectation", "nothing"},
        {"POST HTTP/1.0", "Expect: 200-ok\r\n", "none, host , close", "ignored in HTTP/1.0"},
        {"POST HTTP/1.0", "Expect: 100-continue\r\n", "none, host , close", "this one too"},
        {"GET HTTP/1.1", "Host: a\r\nTE: gzip;q=0.5, Trailers\r\n", "none, host a, keep, trailers",
         "TE: trailers"},
        {"GET HTTP/1.1", "Host: a\r\nTE: gzip\r\n", "none, host a, keep", "TE without"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n",
         "none, host a, keep, websocket", "a WebSocket handshake"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\n", "none, host a, keep",
         "not named in Connection"},
        {"GET HTTP/1.1", "Host: a\r\nConnection: upgrade\r\n", "none, host a, keep", "named and not there"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n", "none, host a, keep", "h2c"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: websocket, h2c\r\nConnection: upgrade\r\n",
         "none, host a, keep", "h2c beside it"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: h2c\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
         "none, host a, keep", "h2c in another field"},
        {"POST HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", "none, host a, keep",
         "another method"},
        {"GET HTTP/1.1", "Host: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nContent-Length: 5\r\n",
         "length 5, host a, keep", "a body"},
        {"GET HTTP/1.1",
         "Host: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\nTransfer-Encoding: chunked\r\n",
         "chunked, host a, keep", "a body in chunks"},
        {"GET HTTP/1.0", "Upgrade: websocket\r\nConnection: upgrade\r\n", "none, host , close", "HTTP/1.0"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(framed_request(r), r.outcome) << r.why;
}

TEST(frame_response, is_as_strict_as_for_requests)
{
    struct response_row {
        std::string_view method;
        std::string_view status;
        std::string_view fields;
        std::string_view outcome;
        std::string_view why;
    };
    const std::string_view bad = "!upstream-bad-answer";
    const response_row rows[] = {
        {"GET", "HTTP/1.1 200", "", "until close, close", "no length: until the connection closes"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\n", "length 5, keep", "a length"},
        {"GET", "HTTP/1.1 200", "Content-Length: 0\r\n", "length 0, keep", "a length of nothing"},
        {"GET", "HTTP/1.1 200", "Transfer-Encoding: CHUNKED\r\n", "chunked, keep", "chunked"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\nConnection: close\r\n", "length 5, close",
         "told to close"},
        {"GET", "HTTP/1.0 200", "Content-Length: 5\r\n", "length 5, close", "HTTP/1.0 closes"},
        {"GET", "HTTP/1.0 200", "Content-Length: 5\r\nConnection: keep-alive\r\n", "length 5, keep",
         "unless it says"},
        {"GET", "HTTP/1.0 200", "Connection: keep-alive\r\n", "until close, close", "which needs a length"},
        {"HEAD", "HTTP/1.1 200", "Content-Length: 0\r\n", "none, keep", "HEAD announces an empty body"},
        {"HEAD", "HTTP/1.1 200", "Content-Length: 5\r\n", "none, close", "HEAD announces a body"},
        {"HEAD", "HTTP/1.1 200", "Transfer-Encoding: chunked\r\n", "none, close", "in chunks"},
        {"HEAD", "HTTP/1.1 200", "", "none, close", "HEAD announces a body without a length"},
        {"HEAD", "HTTP/1.1 404", "Content-Length: 5\r\n", "none, close", "HEAD of an error"},
        {"HEAD", "HTTP/1.1 304", "", "none, keep", "HEAD and 304"},
        {"HEAD", "HTTP/1.1 204", "", "none, keep", "HEAD and 204"},
        {"GET", "HTTP/1.1 304", "", "none, keep", "304 has no body"},
        {"GET", "HTTP/1.1 304", "Content-Length: 0\r\n", "none, keep", "304 announces an empty body"},
        {"GET", "HTTP/1.1 304", "Content-Length: 5\r\n", "none, close", "304 announces a body"},
        {"GET", "HTTP/1.1 304", "Transfer-Encoding: chunked\r\n", "none, close", "304 announces chunks"},
        {"GET", "HTTP/1.1 204", "", "none, keep", "204 has none"},
        {"GET", "HTTP/1.1 204", "Content-Length: 0\r\n", "none, keep", "some say so"},
        {"GET", "HTTP/1.1 204", "Content-Length: 5\r\n", "none, close", "bytes may follow that are nobody's"},
        {"GET", "HTTP/1.1 100", "", "none, keep", "an interim answer has none"},
        {"GET", "HTTP/1.1 101", "Connection: upgrade\r\nUpgrade: websocket\r\n", "none, keep",
         "nor a switch"},
        {"GET", "HTTP/1.1 205", "", "until close, close", "205 is framed like any"},
        {"GET", "HTTP/1.1 205", "Content-Length: 0\r\n", "length 0, keep", "205 with an empty body"},
        {"GET", "HTTP/1.1 205", "Transfer-Encoding: chunked\r\n", "chunked, keep", "205 with a last chunk"},
        {"GET", "HTTP/1.1 205", "Content-Length: 5\r\n", "length 5, close", "205 announces a body"},
        {"GET", "HTTP/1.1 204", "Transfer-Encoding: chunked\r\n", "none, close",
         "204 in chunks has none either"},
        {"GET", "HTTP/1.1 103", "Transfer-Encoding: chunked\r\n", bad, "in an interim answer"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", bad, "both"},
        {"HEAD", "HTTP/1.1 200", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", bad,
         "both, to HEAD too"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\nContent-Length: 6\r\n", bad, "two lengths"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\nContent-Length: 5\r\n", "length 5, close",
         "equal ones are one"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5, 5\r\n", "length 5, close", "in a list too"},
        {"GET", "HTTP/1.1 200", "Content-Length: ,5\r\n", "length 5, close", "beside an empty member"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5, 6\r\n", bad, "a list of two lengths"},
        {"GET", "HTTP/1.1 200", "Content-Length: 5\r\nContent-Length: 05\r\n", bad, "equal, but odd"},
        {"GET", "HTTP/1.1 200", "Content-Length: ,\r\n", bad, "a list of nothing"},
        {"HEAD", "HTTP/1.1 200", "Content-Length: 5, 5\r\n", "none, close", "equal ones to HEAD"},
        {"GET", "HTTP/1.1 200", "Content-Length: +5\r\n", bad, "a sign"},
        {"GET", "HTTP/1.1 200", "Content-Length: 05\r\n", bad, "a leading zero"},
        {"GET", "HTTP/1.1 200", "Content-Length: \r\n", bad, "none"},
        {"GET", "HTTP/1.1 200", "Transfer-Encoding: gzip\r\n", bad, "another coding"},
        {"GET", "HTTP/1.1 200", "Transfer-Encoding: gzip, chunked\r\n", bad, "a list of codings"},
        {"GET", "HTTP/1.1 200", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", bad,
         "two fields"},
        {"GET", "HTTP/1.0 200", "Transfer-Encoding: chunked\r\n", bad, "HTTP/1.0 has no codings"},
        {"GET", "HTTP/1.1 200", "Content_Length: 7\r\nContent-Length: 5\r\n", "length 5, keep",
         "an underscore spelling imitates nothing to callers"},
    };
    for (const auto& r : rows) {
        const auto data = std::string(r.status) + " X\r\n" + std::string(r.fields) + "\r\n";
        response_head head;
        ASSERT_TRUE(parse_response_head(data, {}, head)) << r.why;
        const auto got = test::outcome(frame_response(head, r.method), [](const response_framing& f) {
            return say(f.body) + (f.keep_alive ? ", keep" : ", close");
        });
        EXPECT_EQ(got, r.outcome) << r.method << ' ' << r.status << ": " << r.why;
    }
}

} // namespace
} // namespace scopegate::http
