// The limits of connections: a new connection evicts the one that has idled longest, one client may be
// limited, and the log names the client. Age and number of requests bound a connection too.
#include "support/calendar.hpp"
#include "support/introspection_endpoint.hpp"
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <deque>
#include <string>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr std::string_view handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view agreed = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                    "Upgrade: websocket\r\n\r\n";

std::string problem_of(const response& r)
{
    const auto type = json_member(r.body, "type");
    return type.substr(type.rfind(':') + 1);
}

// Returns a PROXY header, version 1, of a client at this address.
std::string from(const std::string& address)
{
    return "PROXY TCP4 " + address + " 192.0.2.200 40000 8080\r\n";
}

TEST(connection_limit, closes_the_longest_idle_connection_for_a_new_one)
{
    calendar c({.limits = "connections: 2", .server = "workers: 1"});
    auto first = c.connect();
    auto second = c.connect();
    EXPECT_EQ(first.exchange(get("/public")).status, 200U);
    EXPECT_EQ(second.exchange(get("/public")).status, 200U);
    EXPECT_EQ(first.exchange(get("/public")).status, 200U); // the second one has now idled longer
    auto third = c.connect();
    EXPECT_EQ(third.exchange(get("/public")).status, 200U);
    EXPECT_TRUE(second.is_closed_clean());
    EXPECT_EQ(first.exchange(get("/public")).status, 200U);
}

TEST(connection_limit, closes_the_oldest_unfinished_head_after_the_idle_connections)
{
    calendar c({.limits = "connections: 2", .server = "workers: 1"});
    auto first = c.connect();
    first.send("GET /public HTTP/1.1\r\nHost: a\r\nX-");
    auto second = c.connect();
    EXPECT_EQ(second.exchange(get("/public")).status,
              200U); // by now the first head's beginning has been read
    second.send("GET /public HTTP/1.1\r\nHost: a\r\nX-");
    for (int i = 0; i < 20; ++i) // one at a time, so that each evicts its predecessor
        EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    EXPECT_NE(first.read_to_end().end, ending::late);
}

TEST(connection_limit, refuses_a_new_connection_while_all_others_are_busy)
{
    calendar c({.limits = "connections: 2", .server = "workers: 2"});
    c.api.on("/public", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(ok("late"));
    });
    auto first = c.connect();
    auto second = c.connect();
    first.send(get("/public"));
    second.send(get("/public"));
    c.api.wait_for_heads(2);
    auto third = c.connect();
    third.send(get("/public/other"));
    const auto answer = third.read();
    EXPECT_EQ(answer.status, 503U) << answer;
    EXPECT_EQ(answer.value("Connection"), "close");
    EXPECT_EQ(problem_of(answer), "connection-limit");
    EXPECT_EQ(json_member(answer.body, "request_id").size(), 32U) << answer;
    EXPECT_EQ(answer.value("Retry-After"), "1");
    c.api.release();
    EXPECT_EQ(first.read().status, 200U);
    EXPECT_EQ(second.read().status, 200U);
    const auto id = json_member(answer.body, "request_id");
    const auto refusal =
        c.gate.wait_for_event("request", [&](const log_line& l) { return l["request_id"] == id; });
    EXPECT_EQ(refusal["client"], "127.0.0.1") << refusal.text;
    EXPECT_EQ(refusal["status"], "503");
    EXPECT_EQ(refusal["reason"], "connection-limit");
    const auto line = c.gate.wait_for_event("limit_reached");
    EXPECT_EQ(line["refused"], "1") << line.text;
    EXPECT_EQ(line["limit"], "connections") << line.text;
}

TEST(connection_limit, logs_a_connection_that_gets_no_response_under_tls)
{
    tls_calendar t({.limits = "connections: 1", .server = "workers: 1"});
    t.c.api.on("/public", answers_when_released(ok("late")));
    auto first = t.connect();
    first.send(get("/public"));
    t.c.api.wait_for_heads(1);
    raw_client second(t.c.gate.address());
    EXPECT_EQ(second.read_to_end().bytes, "");
    const auto line = t.c.gate.wait_for_event(
        "request", [](const log_line& l) { return l["reason"] == "connection-limit"; });
    EXPECT_EQ(line["status"], "0") << line.text;
    EXPECT_EQ(line["cause"], "limits-connections") << line.text;
    t.c.api.release();
    EXPECT_EQ(first.read().status, 200U);
}

// The kernel spreads connections at random, so a worker usually has to ask another worker to evict one.
TEST(connection_limit, takes_idle_connections_of_every_worker)
{
    calendar c({.limits = "connections: 64", .server = "workers: 4"});
    std::deque<raw_client> held;
    for (int i = 0; i < 64; ++i) {
        held.push_back(c.connect());
        ASSERT_EQ(held.back().exchange(get("/public")).status, 200U) << i;
    }
    for (int i = 0; i < 200; ++i) {
        held.push_back(c.connect());
        ASSERT_EQ(held.back().exchange(get("/public")).status, 200U) << i << " over the limit";
    }
    const auto line = c.gate.wait_for_event("limit_reached");
    EXPECT_EQ(line["limit"], "connections") << line.text;
    EXPECT_EQ(line["refused"], "0") << line.text;
    EXPECT_EQ(line["level"], "warn");
    EXPECT_THAT(line["busiest"], StartsWith("127.0.0.1 (")) << line.text;
    EXPECT_TRUE(held.front().is_closed_clean());
    EXPECT_EQ(held.back().exchange(get("/public")).status, 200U);
}

TEST(connection_limit, is_logged_once_a_second_with_what_it_did)
{
    calendar c({.limits = "connections: 1", .server = "workers: 1"});
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 50; ++i) {
        auto first = c.connect();
        auto second = c.connect(); // it evicts the first
        EXPECT_EQ(second.exchange(get("/public")).status, 200U);
    }
    static_cast<void>(c.gate.wait_for_event("limit_reached"));
    const auto seconds =
        std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - begin).count();
    std::size_t lines = 0;
    for (const auto& line : c.gate.log())
        lines += line["event"] == "limit_reached" ? 1 : 0;
    EXPECT_LE(lines, static_cast<std::size_t>(seconds) + 1);
}

TEST(connections_per_client, refuses_more_connections_of_one_client)
{
    calendar c({.limits = "connections_per_client: 2"});
    auto first = c.connect();
    auto second = c.connect();
    EXPECT_EQ(first.exchange(get("/public")).status, 200U);
    EXPECT_EQ(second.exchange(get("/public")).status, 200U);
    auto third = c.connect();
    third.send(get("/public"));
    const auto answer = third.read();
    EXPECT_EQ(answer.status, 503U) << answer;
    EXPECT_EQ(problem_of(answer), "connection-limit");
    EXPECT_TRUE(third.is_closed_clean());
    EXPECT_EQ(first.exchange(get("/public")).status, 200U) << "an open connection was evicted";
    const auto line = c.gate.wait_for_event("limit_reached");
    EXPECT_EQ(line["limit"], "connections_per_client");
    EXPECT_EQ(line["busiest"], "127.0.0.1 (2)") << line.text;

    second.close(); // its place becomes free once the gate notices
    unsigned status = 0;
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         status != 200 && std::chrono::steady_clock::now() < end;)
        status = c.exchange(get("/public")).status;
    EXPECT_EQ(status, 200U);
}

TEST(connections_per_client, counts_by_the_source_that_a_proxy_header_names)
{
    calendar c({.limits = "connections_per_client: 1",
                .server = "proxy_protocol: true, trusted_proxies: [127.0.0.1, 203.0.113.9]"});
    auto one = c.connect();
    EXPECT_EQ(one.exchange(from("198.51.100.1") + get("/public")).status, 200U);
    auto other = c.connect();
    EXPECT_EQ(other.exchange(from("198.51.100.2") + get("/public")).status, 200U);
    auto again = c.connect();
    again.send(from("198.51.100.1") + get("/public"));
    const auto answer = again.read();
    EXPECT_EQ(answer.status, 503U) << answer;
    EXPECT_EQ(problem_of(answer), "connection-limit");
    EXPECT_THAT(c.gate.wait_for_event("limit_reached")["busiest"], HasSubstr("198.51.100.1 ("));
    // One trusted proxy carries the connections of many clients.
    auto proxy = c.connect();
    EXPECT_EQ(proxy.exchange(from("203.0.113.9") + get("/public")).status, 200U);
    auto proxy_again = c.connect();
    EXPECT_EQ(proxy_again.exchange(from("203.0.113.9") + get("/public")).status, 200U);
}

TEST(connections_per_client, does_not_limit_trusted_proxies)
{
    calendar c({.limits = "connections_per_client: 1", .server = "trusted_proxies: [127.0.0.1]"});
    auto first = c.connect();
    auto second = c.connect();
    EXPECT_EQ(first.exchange(get("/public", {}, "X-Forwarded-For: 198.51.100.1\r\n")).status, 200U);
    EXPECT_EQ(second.exchange(get("/public", {}, "X-Forwarded-For: 198.51.100.1\r\n")).status, 200U);
}

TEST(connection_requests, ends_the_connection_with_the_last_response)
{
    calendar c({.limits = "connection_requests: 2"});
    auto client = c.connect();
    const auto first = client.exchange(get("/public"));
    EXPECT_EQ(first.status, 200U);
    EXPECT_FALSE(first.has("Connection")) << first;
    const auto second = client.exchange(get("/public"));
    EXPECT_EQ(second.status, 200U);
    EXPECT_EQ(second.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_clean());

    auto refused = c.connect(); // a denial counts as a response too
    EXPECT_FALSE(refused.exchange(get("/nowhere")).has("Connection"));
    EXPECT_EQ(refused.exchange(get("/nowhere")).value("Connection"), "close");
    EXPECT_TRUE(refused.is_closed_clean());
}

TEST(connection_age, ends_the_connection_with_the_next_response)
{
    calendar c({.limits = "connection_age: 300ms"});
    c.api.on("/public", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(ok("late"));
    });
    auto client = c.connect();
    const auto begin = std::chrono::steady_clock::now();
    client.send(get("/public"));
    c.api.wait_for_heads(1);
    auto idle = c.connect(); // when this one ends, the other is just as old
    EXPECT_TRUE(idle.is_closed_clean());
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
    c.api.release();
    const auto answer = client.read();
    EXPECT_EQ(answer.status, 200U) << "a request in progress was cut off";
    EXPECT_EQ(answer.value("Connection"), "close");
    EXPECT_TRUE(client.is_closed_clean());
}

TEST(connection_age, ends_a_tunnel_of_a_public_route)
{
    calendar c({.limits = "connection_age: 300ms"});
    c.api.on("/public", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/public", {}, handshake));
    ASSERT_EQ(client.read().status, 101U);
    const auto last = client.read_to_end();
    EXPECT_EQ(last.end, ending::cut);
    EXPECT_THAT(last.bytes, HasSubstr("\x03\xE9the connection has reached its maximum age"));
    c.api.wait_for_closed(1);
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "101"; });
    EXPECT_EQ(line["reason"], "allowed") << line.text;
}

TEST(connection_age, ends_a_tunnel_unless_its_token_expires_before)
{
    const struct {
        std::string age;
        std::chrono::milliseconds life;
        std::string says;
    } rows[] = {{"300ms", std::chrono::hours(1), "maximum age"},
                {"1h", std::chrono::milliseconds(700), "the access token has expired"}};
    for (const auto& row : rows) {
        calendar c({.limits = "connection_age: " + row.age, .issuer = "clock_skew: 0s"});
        c.api.on("/any", [](upstream_exchange& x) {
            x.send(agreed);
            x.wait_for_close();
        });
        auto client = c.connect();
        client.send(get("/any", brief_token({}, row.life), handshake));
        ASSERT_EQ(client.read().status, 101U);
        EXPECT_THAT(client.read_to_end().bytes, HasSubstr(row.says));
    }
}

TEST(connection_age, ends_a_tunnel_of_an_opaque_token_that_never_expires)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", R"({"active":true,"scope":"read:appointments","sub":"ada"})");
    gate_settings settings{.limits = "connection_age: 300ms"};
    settings.issuer =
        "clock_skew: 30s\n  - {issuer: \"https://legacy.example.com\", introspection: {url: \"" +
        endpoint.url() + "\", client_id: scopegate, client_secret: s}}\n";
    calendar c(settings);
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", "good", handshake));
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_THAT(client.read_to_end().bytes, HasSubstr("maximum age"));
}

} // namespace
} // namespace scopegate::test
