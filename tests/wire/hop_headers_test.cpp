// Hop-by-hop fields stay on their connection, in both directions (RFC 9110 section 7.6.1).
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

TEST(hop_headers, are_dropped_from_a_request)
{
    calendar c;
    const auto seen = c.forwarded(
        get("/public", {},
            "Connection: keep-alive, X-Mine , x-other\r\nConnection: close\r\nX-Mine: 1\r\n"
            "X-Other: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n"
            "Trailer: X-Sum\r\nUpgrade: h2c\r\nHTTP2-Settings: AAAA\r\n"
            "Proxy-Authorization: Basic x\r\nX-Kept: yes\r\n"));
    for (const auto* name : {"X-Mine", "X-Other", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
                             "Upgrade", "HTTP2-Settings", "Proxy-Authorization"})
        EXPECT_FALSE(seen.has(name)) << name << "\n" << seen;
    EXPECT_EQ(seen.value("X-Kept"), "yes");
}

TEST(hop_headers, are_dropped_from_a_response)
{
    calendar c;
    c.api.answer("/public",
                 ok("x", "Connection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\n"
                         "Proxy-Connection: keep-alive\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\n"
                         "Trailer: X-Sum\r\nX-Kept: yes\r\nServer: api/1\r\n"));
    const auto answer = c.exchange(get("/public"));
    for (const auto* name : {"X-Mine", "Keep-Alive", "Proxy-Connection", "Upgrade", "Trailer", "Connection"})
        EXPECT_FALSE(answer.has(name)) << name << "\n" << answer;
    EXPECT_EQ(answer.value("X-Kept"), "yes");
    EXPECT_EQ(answer.value("Server"), "api/1");
    EXPECT_EQ(answer.body, "x");
}

TEST(hop_headers, of_one_side_do_not_close_the_other_connection)
{
    calendar c;
    c.api.on("/public/once", sends_then_closes(ok("bye", "Connection: close\r\n")));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public/once")).body, "bye");
    EXPECT_EQ(client.exchange(get("/public")).status, 200U) << "the upstream's Connection: close closed ours";
    EXPECT_EQ(c.exchange(get("/public", {}, "Connection: close\r\n")).value("Connection"), "close");
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    EXPECT_EQ(c.api.wait_for_requests(4).back().connection, 2U)
        << "a client's Connection: close closed the upstream's";
}

TEST(hop_headers, make_an_unknown_upgrade_an_ordinary_request)
{
    calendar c;
    const auto seen = c.forwarded(get("/public", {},
                                      "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                                      "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n"));
    EXPECT_FALSE(seen.has("Upgrade")) << seen;
    EXPECT_FALSE(seen.has("HTTP2-Settings"));
    EXPECT_FALSE(seen.has("Connection"));
}

} // namespace
} // namespace scopegate::test
