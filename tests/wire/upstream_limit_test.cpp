// `upstream.connections` bounds the requests that are with the API at a time, over all workers. Others wait
// in a short queue, and the rest are refused with their cause.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace scopegate::test {
namespace {

constexpr std::string_view handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view agreed =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

gate_settings limited(std::string_view connections, std::string timeouts)
{
    return {.upstream_more = "connections: " + std::string(connections),
            .timeouts = std::move(timeouts),
            .server = "workers: 2"};
}

bool is_busy(const log_line& line)
{
    return line["reason"] == "upstream-busy";
}

bool is_gone(const log_line& line)
{
    return line["reason"] == "client-gone";
}

// One request is with the API, 16 wait in the queue, and one more was refused.
struct crowd {
    explicit crowd(std::string timeouts = "upstream_connect: 60s, drain_delay: 0")
        : settings(limited("1", std::move(timeouts))), c(settings), first(c.connect())
    {
        settings.upstream = c.api.url();
        c.api.on("/public/long", answers_when_released(ok("long")));
        first.send(get("/public/long"));
        c.api.wait_for_heads(1);
        constexpr int queue = 16;
        for (int i = 0; i <= queue; ++i) {
            waiting.push_back(c.connect());
            waiting.back().send(get("/public/waits"));
        }
        static_cast<void>(c.gate.wait_for_event("request", is_busy));
    }
    void reload(std::string connections)
    {
        settings.upstream_more = "connections: " + std::move(connections);
        c.gate.write_routes(settings);
        c.gate.send_signal(SIGHUP);
    }
    // Returns how many of the queued requests get this status.
    [[nodiscard]] std::size_t count(unsigned status)
    {
        if (statuses.empty())
            for (auto& client : waiting)
                statuses.push_back(client.read().status);
        return static_cast<std::size_t>(std::count(statuses.begin(), statuses.end(), status));
    }

    gate_settings settings;
    calendar c;
    raw_client first;
    std::vector<raw_client> waiting;
    std::vector<unsigned> statuses;
};

TEST(upstream_limit, serves_the_queue_in_turn_and_refuses_what_does_not_fit)
{
    crowd many;
    EXPECT_EQ(many.c.api.requests().size(), 1U) << "the API got more than its limit";
    many.c.api.release();
    EXPECT_EQ(many.first.read().body, "long");
    EXPECT_EQ(many.count(200), 16U);
    EXPECT_EQ(many.count(503), 1U);
    EXPECT_EQ(many.c.exchange(get("/public")).status, 200U);
}

TEST(upstream_limit, ends_a_wait_that_is_too_long_with_503_and_its_cause)
{
    calendar c(limited("1", "upstream_connect: 100ms"));
    c.api.on("/public/long", answers_when_released(ok("long")));
    auto first = c.connect();
    first.send(get("/public/long"));
    c.api.wait_for_heads(1);
    auto second = c.connect();
    const auto busy = second.exchange(get("/public"));
    EXPECT_EQ(busy.status, 503U) << busy;
    EXPECT_EQ(busy.value("Retry-After"), "1") << busy;
    EXPECT_EQ(json_member(busy.body, "type"), "urn:scopegate:problem:upstream-busy");
    EXPECT_EQ(c.exchange(request_text("POST", "/public", {}, {}, "body")).status, 503U);
    c.api.release();
    EXPECT_EQ(first.read().status, 200U);
    EXPECT_EQ(second.exchange(get("/public")).status, 200U) << "the connection is good";
}

TEST(upstream_limit, counts_the_requests_of_all_workers)
{
    calendar c(limited("2", "upstream_connect: 60s"));
    std::atomic<int> now = 0, most = 0;
    c.api.on("/public/long", [&](upstream_exchange& x) {
        const int here = ++now;
        int seen = most;
        while (seen < here && !most.compare_exchange_weak(seen, here)) {
        }
        x.wait_for_release();
        --now; // before the response: the gate may send the next request as soon as it has the response
        x.send(ok("long"));
    });
    std::vector<raw_client> clients;
    for (int i = 0; i < 2 + 16 + 1; ++i) {
        clients.push_back(c.connect());
        clients.back().send(get("/public/long"));
    }
    c.api.wait_for_heads(2);
    static_cast<void>(c.gate.wait_for_event("request", is_busy));
    EXPECT_EQ(c.api.requests().size(), 2U);
    c.api.release();
    std::size_t served = 0;
    for (auto& client : clients)
        served += client.read().status == 200 ? 1 : 0;
    EXPECT_EQ(served, 18U);
    EXPECT_LE(most, 2);
}

TEST(upstream_limit, frees_the_place_of_a_client_that_leaves_the_queue)
{
    crowd many;
    for (auto& client : many.waiting)
        client.reset();
    for (int i = 0; i < 16; ++i) {
        many.waiting[static_cast<std::size_t>(i)] = many.c.connect();
        many.waiting[static_cast<std::size_t>(i)].send(get("/public/later"));
    }
    const auto left = [&] {
        const auto lines = many.c.gate.log();
        return std::count_if(lines.begin(), lines.end(), is_gone);
    };
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         left() < 16 && std::chrono::steady_clock::now() < end;) {
    }
    EXPECT_EQ(left(), 16);
    many.c.api.release();
    EXPECT_EQ(many.first.read().status, 200U);
    for (const auto& r : many.c.api.requests())
        EXPECT_NE(r.target, "/public/waits");
}

TEST(upstream_limit, frees_the_place_of_a_client_that_resets_its_connection)
{
    crowd many;
    for (auto& client : many.waiting)
        client.reset();
    static_cast<void>(many.c.gate.wait_for_event("request", is_gone));
    many.c.api.release();
    EXPECT_EQ(many.first.read().status, 200U);
}

TEST(upstream_limit, serves_queued_requests_when_a_reload_raises_it)
{
    for (const std::string connections : {"2", "100", "0"}) {
        crowd many;
        many.reload(connections);
        EXPECT_EQ(many.count(200), 16U) << connections;
        many.c.api.release();
        EXPECT_EQ(many.first.read().status, 200U) << connections;
    }
}

TEST(upstream_limit, loses_no_request_when_a_reload_lowers_it)
{
    auto settings = limited("3", "upstream_connect: 60s");
    calendar c(settings);
    settings.upstream = c.api.url();
    c.api.on("/public/long", answers_when_released(ok("long")));
    std::vector<raw_client> clients;
    for (int i = 0; i < 19; ++i) {
        clients.push_back(c.connect());
        clients.back().send(get("/public/long"));
    }
    c.api.wait_for_heads(3);
    settings.upstream_more = "connections: 1";
    c.gate.write_routes(settings);
    c.gate.send_signal(SIGHUP);
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    c.api.release();
    for (auto& client : clients)
        EXPECT_EQ(client.read().status, 200U);
}

TEST(upstream_limit, serves_queued_requests_during_a_drain)
{
    crowd many;
    many.c.gate.send_signal(SIGTERM);
    static_cast<void>(many.c.gate.wait_for_event("draining"));
    many.c.api.release();
    EXPECT_EQ(many.first.read().status, 200U);
    EXPECT_EQ(many.count(200), 16U);
    EXPECT_EQ(many.c.gate.wait_for_exit(test_timeout), 0) << many.c.gate.errors();
}

TEST(upstream_limit, ends_queued_requests_when_a_drain_is_cut_short)
{
    crowd many("upstream_connect: 60s, drain_delay: 0, drain: 100ms");
    EXPECT_EQ(many.c.gate.stop(test_timeout), 0) << many.c.gate.errors();
    EXPECT_EQ(many.c.api.requests().size(), 1U);
}

TEST(upstream_limit, gives_tunnels_as_many_slots_of_their_own)
{
    calendar c(limited("1", "upstream_connect: 100ms"));
    c.api.on("/public/socket", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto tunnel = c.connect();
    tunnel.send(get("/public/socket", {}, handshake));
    ASSERT_EQ(tunnel.read().status, 101U);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "the tunnel takes a request's slot";
    auto next = c.connect();
    EXPECT_EQ(next.exchange(get("/public/socket", {}, handshake)).status, 503U);
    tunnel.close();
    c.api.wait_for_closed(1);
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         next.exchange(get("/public/socket", {}, handshake)).status == 503 &&
         std::chrono::steady_clock::now() < end;) {
    }
    EXPECT_EQ(next.read_bytes(1, std::chrono::milliseconds(1)), "") << "the tunnel is open";
}

TEST(upstream_limit, frees_the_slot_of_a_failed_request)
{
    calendar c(limited("1", "upstream_connect: 100ms"));
    c.api.on("/public/odd", closes_before_answer());
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(c.exchange(get("/public/odd")).status, 502U);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
}

} // namespace
} // namespace scopegate::test
