// Routes with settings of their own, beside routes that have the server's.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <string>

namespace scopegate::test {
namespace {

const std::string routes = R"(
scopes:
  write:uploads: Upload files
routes:
  /usual: {ANY: public}
  /slow/response: {timeouts: {upstream_response: 30s}, GET: public}
  /slow/body: {timeouts: {body: 30s}, POST: public}
  /uploads: {body: 10B, POST: public}
  /uploads/large: {body: 1MiB, POST: public}
  /uploads/guarded: {body: 10B, POST: write:uploads}
  /stripped: {authorization: strip, GET: public}
  /stripped/not: {authorization: forward, GET: public}
  /tried: {mode: observe, GET: write:uploads}
)";

std::string post(std::string_view path, std::size_t bytes, std::string_view more = {})
{
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n" + std::string(more) +
           "Content-Length: " + std::to_string(bytes) + "\r\n\r\n" + std::string(bytes, 'x');
}

std::string post_chunks(std::string_view path, std::size_t bytes)
{
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n" + "14\r\n" +
           std::string(bytes, 'x') + "\r\n0\r\n\r\n";
}

TEST(route_settings, change_how_long_the_upstream_may_take)
{
    calendar c({.timeouts = "upstream_response: 200ms", .routes = routes});
    const auto holds = [](upstream_exchange& x) {
        x.wait_for_release();
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    };
    c.api.on("/slow/response", holds);
    c.api.on("/usual", holds);
    auto patient = c.connect(), usual = c.connect();
    patient.send(get("/slow/response"));
    usual.send(get("/usual"));
    EXPECT_EQ(usual.read().status, 504U);
    c.api.release();
    EXPECT_EQ(patient.read().status, 200U);
}

TEST(route_settings, change_how_long_a_client_may_pause_within_its_body)
{
    calendar c({.timeouts = "body: 200ms", .routes = routes});
    const auto begin = [&c](std::string_view path) {
        auto client = c.connect();
        client.send("POST " + std::string(path) +
                    " HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\n\r\nab");
        return client;
    };
    auto patient = begin("/slow/body"), usual = begin("/usual");
    EXPECT_EQ(usual.read().status, 408U);
    patient.send("cd");
    EXPECT_EQ(patient.read().status, 200U);
}

TEST(route_settings, change_how_large_a_body_may_be)
{
    calendar c({.limits = "body: 100B", .routes = routes});
    struct {
        std::string request;
        unsigned status;
    } const rows[] = {
        {post("/usual", 100), 200},          {post("/usual", 101), 413},
        {post("/uploads", 10), 200},         {post("/uploads", 11), 413},
        {post("/uploads/large", 1000), 200}, {post_chunks("/uploads", 20), 413},
        {post_chunks("/usual", 20), 200},
    };
    for (const auto& r : rows)
        EXPECT_EQ(c.exchange(r.request).status, r.status) << r.request.substr(0, 80);
}

TEST(route_settings, judge_a_body_after_the_token)
{
    const calendar c({.routes = routes});
    const auto with = [](std::string_view token) {
        return "Authorization: Bearer " + std::string(token) + "\r\n";
    };
    EXPECT_EQ(c.exchange(post("/uploads/guarded", 11)).status, 401U);
    EXPECT_EQ(c.exchange(post("/uploads/guarded", 11, with(calendar_token("other")))).status, 403U);
    EXPECT_EQ(c.exchange(post("/uploads/guarded", 11, with(calendar_token("write:uploads")))).status, 413U);
    EXPECT_EQ(c.exchange(post("/uploads/guarded", 10, with(calendar_token("write:uploads")))).status, 200U);
}

TEST(route_settings, change_whether_the_upstream_gets_the_token)
{
    const auto token = calendar_token("write:uploads");
    for (const bool server_strips : {false, true}) {
        const calendar c({.upstream_more = server_strips ? "authorization: strip" : "authorization: forward",
                          .routes = routes});
        const auto gets_token = [&](std::string_view path) {
            return !c.forwarded(get(path, token)).value("Authorization").empty();
        };
        EXPECT_EQ(gets_token("/usual"), !server_strips);
        EXPECT_FALSE(gets_token("/stripped"));
        EXPECT_TRUE(gets_token("/stripped/not"));
    }
}

TEST(route_settings, forward_what_a_route_in_observe_mode_would_refuse)
{
    const calendar c({.routes = routes});
    EXPECT_EQ(c.exchange(get("/tried")).status, 200U);
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["reason"], "no-token") << line.text;
    EXPECT_EQ(line["observe"], "true") << line.text;
}

} // namespace
} // namespace scopegate::test
