// Clients connect over TLS. Everything works as without it, and failures of TLS itself do no harm.
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

TEST(tls, serves_1_2_and_1_3_with_http_1_1)
{
    const tls_calendar t;
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        tls_client_settings settings;
        settings.version = version;
        settings.protocols = {"h2", "http/1.1"};
        auto client = t.secured(settings);
        ASSERT_EQ(client.failure(), "");
        EXPECT_EQ(client.version(), version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
        EXPECT_EQ(client.protocol(), "http/1.1");
        EXPECT_THAT(client.exchange(get("/appointments", calendar_token("read:appointments"))),
                    StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_THAT(client.exchange(get("/appointments")), StartsWith("HTTP/1.1 401 "));
    }
    tls_client_settings only_h2;
    only_h2.protocols = {"h2"};
    EXPECT_NE(t.secured(only_h2).failure(), "");
    const auto seen = t.c.api.requests().at(0);
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https");
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1");
}

TEST(tls, lets_no_client_claim_another_scheme)
{
    const tls_calendar t;
    auto client = t.secured();
    EXPECT_THAT(
        client.exchange(get("/public", {},
                            "X-Forwarded-Proto: http\r\nx_forwarded_proto: http\r\n"
                            "Forwarded: proto=http\r\nClient-Cert: :AAAA:\r\nClient_Cert: :AAAA:\r\n")),
        StartsWith("HTTP/1.1 200"));
    const auto seen = t.c.api.requests().at(0);
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https") << seen;
    for (const auto* name : {"x_forwarded_proto", "Forwarded", "Client-Cert", "Client_Cert"})
        EXPECT_FALSE(seen.has(name)) << seen;
}

TEST(tls, carries_large_bodies_both_ways_on_one_connection)
{
    tls_calendar t;
    const std::string body(5 * 1024 * 1024 + 7, 'b');
    t.c.api.answer("/public/large", ok(body));
    t.c.api.answer("/public/chunked",
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks(body, 9999));
    auto client = t.connect();
    for (int i = 0; i < 2; ++i) {
        const auto up = client.exchange(request_text("POST", "/public", {}, {}, body));
        EXPECT_EQ(json_member(up.body, "body_bytes"), std::to_string(body.size())) << up;
        EXPECT_TRUE(client.exchange(get("/public/large")).body == body);
        EXPECT_TRUE(client.exchange(get("/public/chunked")).body == body);
        const auto chunked = client.exchange(
            request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + chunks(body, 70000));
        EXPECT_EQ(json_member(chunked.body, "body_bytes"), std::to_string(body.size()));
    }
    EXPECT_EQ(t.relay->handshakes().size(), 1U);
}

TEST(tls, carries_both_bodies_at_once)
{
    tls_calendar t;
    constexpr std::size_t size = 4 * 1024 * 1024;
    t.c.api.on("/public/echo", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
        for (std::size_t done = 0; done < size; done += 65536)
            x.send(x.receive(65536));
    });
    auto client = t.connect();
    client.send(request_text("POST", "/public/echo", {}, "Content-Length: " + std::to_string(size) + "\r\n"));
    const std::string piece(65536, 'e');
    std::thread sender([&] {
        for (std::size_t done = 0; done < size; done += piece.size())
            client.send(piece);
    });
    const auto answer = client.read("POST");
    sender.join();
    EXPECT_EQ(answer.body.size(), size) << answer.status;
}

TEST(tls, serves_pipelined_requests_in_order)
{
    const tls_calendar t;
    auto client = t.secured();
    std::string all;
    for (int i = 0; i < 40; ++i)
        all += get("/public/" + std::to_string(i), {}, "X-Filler: " + std::string(1000, 'f') + "\r\n");
    client.send(all);
    for (int i = 0; i < 40; ++i)
        EXPECT_THAT(client.exchange({}), HasSubstr("\"/public/" + std::to_string(i) + "\"")) << i;
}

TEST(tls, passes_tunnels_and_event_streams_at_once)
{
    tls_calendar t;
    const std::string large(100000, 'w');
    t.c.api.on("/any", [&](upstream_exchange& x) {
        x.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x82\x05"
               "first");
        x.send(x.receive(large.size()));
        x.wait_for_close();
    });
    t.c.api.on("/public/events", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
               "9\r\ndata: 1\n\n\r\n");
        x.wait_for_release();
        x.send("0\r\n\r\n");
    });
    auto tunnel = t.secured();
    EXPECT_THAT(
        tunnel.exchange(get("/any", calendar_token({}),
                            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
        StartsWith("HTTP/1.1 101"));
    EXPECT_EQ(tunnel.read_bytes(7), "\x82\x05"
                                    "first");
    tunnel.send(large);
    EXPECT_TRUE(tunnel.read_bytes(large.size()) == large);

    auto events = t.secured();
    EXPECT_THAT(events.exchange(get("/public/events")), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(events.read_bytes(14), "9\r\ndata: 1\n\n\r\n") << "before the API sends more";
    t.c.api.release();
    EXPECT_EQ(events.read_bytes(5), "0\r\n\r\n");
}

TEST(tls, survives_key_updates_in_the_middle)
{
    tls_calendar t;
    const std::string body(3 * 1024 * 1024, 'k');
    t.c.api.answer("/public/large", ok(body));
    tls_client_settings settings;
    settings.version = TLS1_3_VERSION;
    auto client = t.secured(settings);
    for (int i = 0; i < 3; ++i) {
        client.update_key(true);
        const auto answer = client.exchange(get("/public/large"));
        EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, body.size());
        client.update_key(true); // while the response is in progress
        client.send(get("/public/large"));
        client.update_key(true);
        client.send(get("/public"));
        EXPECT_EQ(client.exchange({}).size(), answer.size());
        EXPECT_THAT(client.exchange({}), HasSubstr("\"/public\""));
    }
}

TEST(tls, cuts_off_a_slow_head_with_408_and_a_slow_handshake)
{
    const tls_calendar t({.timeouts = "headers: 400ms"});
    auto slow = t.secured();
    slow.send("GET /public HT");
    std::string answer;
    EXPECT_EQ(slow.read_to_end(&answer), tls_client::ending::close_notify);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 408 "));
    for (const auto* begun : {"", "\x16", "\x16\x03\x01\x02\x05\x01"}) {
        raw_client client(t.c.gate.address());
        client.send(begun);
        EXPECT_TRUE(client.is_closed_clean()) << "the connection is still open";
    }
}

TEST(tls, survives_clients_that_leave_at_any_byte_of_the_handshake)
{
    const tls_calendar t;
    // Captures a client's first bytes, with a listener that only listens.
    const auto listener = socket_handle::listen_at();
    std::string hello(4096, '\0');
    std::thread client([&] {
        socket_handle accepted(::accept(listener.descriptor(), nullptr, nullptr));
        hello.resize(accepted.receive(hello.data(), hello.size()).bytes);
    });
    EXPECT_NE(tls_client("127.0.0.1:" + std::to_string(listener.port())).failure(), "");
    client.join();
    ASSERT_GT(hello.size(), 100U);

    EXPECT_EQ(t.secured().failure(), "");
    const auto before = t.c.gate.open_descriptors();
    for (std::size_t n = 1; n <= hello.size(); ++n) {
        raw_client begun(t.c.gate.address());
        begun.send(hello.substr(0, n));
        n % 2 == 0 ? begun.close() : begun.reset();
    }
    auto last = t.secured();
    EXPECT_THAT(last.exchange(get("/public")), StartsWith("HTTP/1.1 200"));
    const auto end = std::chrono::steady_clock::now() + test_timeout;
    while (t.c.gate.open_descriptors() > before + 2 && std::chrono::steady_clock::now() < end)
        std::this_thread::yield();
    EXPECT_LE(t.c.gate.open_descriptors(), before + 2) << "closed connections still hold descriptors";
}

TEST(tls, tells_plain_http_clients_that_the_port_is_wrong)
{
    const tls_calendar t;
    raw_client plain(t.c.gate.address());
    const auto answer = plain.exchange(get("/public"));
    EXPECT_EQ(answer.status, 400U) << answer;
    EXPECT_TRUE(plain.is_closed_clean());
    raw_client noise(t.c.gate.address());
    noise.send("SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_TRUE(noise.is_closed_clean());
    EXPECT_TRUE(t.c.api.requests().empty());
}

TEST(tls, is_refused_by_a_plain_http_gate)
{
    const calendar c;
    EXPECT_NE(tls_client(c.gate.address()).failure(), "");
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
}

TEST(tls, does_not_take_a_truncated_upload_for_a_whole_one)
{
    for (const bool close_notify : {false, true}) {
        tls_calendar t;
        auto client = t.secured();
        client.send(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + "5\r\nhalf,\r\n");
        t.c.api.wait_for_heads(1);
        if (close_notify)
            client.send_close_notify();
        client.socket().close();
        t.c.api.wait_for_closed(1);
        EXPECT_FALSE(t.c.api.requests().at(0).whole) << close_notify;
    }
}

TEST(tls, sends_no_close_notify_behind_a_truncated_response)
{
    tls_calendar t;
    t.c.api.on("/public/chunked",
               sends_then_closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf,\r\n"));
    t.c.api.on("/public/sized", sends_then_closes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf,"));
    t.c.api.on("/public/whole", sends_then_closes("HTTP/1.1 200 OK\r\n\r\nwhole"));
    const auto ask = [&](const std::string& path) {
        auto client = t.secured();
        client.send("GET " + path + " HTTP/1.0\r\nHost: calendar.example.com\r\n\r\n");
        std::string answer;
        const auto end = client.read_to_end(&answer);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200")) << path;
        return end;
    };
    EXPECT_NE(ask("/public/chunked"), tls_client::ending::close_notify)
        << "only the missing close_notify shows the truncation";
    EXPECT_EQ(ask("/public/whole"), tls_client::ending::close_notify);

    auto client = t.secured();
    client.send(get("/public/sized"));
    std::string answer;
    static_cast<void>(client.read_to_end(&answer));
    EXPECT_THAT(answer, testing::EndsWith("\r\n\r\nhalf,"));
}

TEST(tls, delivers_the_response_to_a_client_that_sent_close_notify)
{
    tls_calendar t;
    auto client = t.secured();
    client.send(get("/public"));
    client.send_close_notify();
    std::string answer;
    EXPECT_EQ(client.read_to_end(&answer), tls_client::ending::close_notify);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

TEST(tls, slows_the_api_when_a_client_does_not_read)
{
    tls_calendar t;
    std::atomic<std::size_t> sent = 0;
    constexpr std::size_t large = 32 * 1024 * 1024;
    t.c.api.on("/public/large", [&](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(large) + "\r\n\r\n");
        for (const std::string piece(1024 * 1024, 'x'); sent < large; sent += piece.size())
            x.send(piece);
    });
    auto client = t.secured();
    client.socket().set_receive_buffer(65536);
    client.send(get("/public/large"));
    std::size_t last = 0;
    do {
        last = sent;
        t.c.gate.wait_for_exit(300ms);
    } while (sent != last || sent == 0);
    EXPECT_LT(sent, large) << "the gate took the whole body";
    std::string answer;
    EXPECT_EQ(client.read_bytes(large).size(), large);
}

TEST(tls, ends_connections_in_order_when_draining)
{
    tls_calendar t;
    t.c.api.on("/public/long", answers_when_released(ok("finished")));
    auto idle = t.secured();
    EXPECT_THAT(idle.exchange(get("/public")), StartsWith("HTTP/1.1 200"));
    auto busy = t.secured();
    busy.send(get("/public/long"));
    t.c.api.wait_for_heads(2);
    t.c.gate.send_signal(SIGTERM);
    EXPECT_EQ(idle.read_to_end(), tls_client::ending::close_notify);
    t.c.api.release();
    std::string answer;
    EXPECT_EQ(busy.read_to_end(&answer), tls_client::ending::close_notify);
    EXPECT_THAT(answer, HasSubstr("finished"));
    EXPECT_EQ(t.c.gate.wait_for_exit(test_timeout), 0);
}

// The handshake is in progress when the drain begins. The client then has one second for a request, not the
// whole idle timeout.
TEST(tls, does_not_delay_a_drain_for_clients_without_a_request)
{
    tls_calendar t({.timeouts = "drain_delay: 0, drain: 20s"});
    raw_client silent(t.c.gate.address());
    auto made = t.secured();
    t.c.gate.send_signal(SIGTERM);
    EXPECT_EQ(t.c.gate.wait_for_exit(test_timeout), 0);
    for (const auto& line : t.c.gate.log())
        EXPECT_NE(line["event"], "drain_cut_short");
}

TEST(tls, does_no_handshake_beyond_the_connection_limit)
{
    tls_calendar t({.limits = "connections: 2"});
    t.c.api.on("/public", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(ok("late"));
    });
    auto first = t.secured();
    auto second = t.secured();
    EXPECT_TRUE(first.send(get("/public")));
    EXPECT_TRUE(second.send(get("/public")));
    t.c.api.wait_for_heads(2);
    EXPECT_NE(t.secured().failure(), "");
    t.c.api.release();
    EXPECT_EQ(first.read_bytes(12), "HTTP/1.1 200");
}

TEST(tls, costs_little_memory_for_idle_connections)
{
    tls_calendar t;
    constexpr std::size_t many = 200;
    EXPECT_THAT(t.secured().exchange(get("/public")), StartsWith("HTTP/1.1 200"));
    [[maybe_unused]] const auto before = t.c.gate.resident_bytes();
    std::vector<tls_client> clients;
    for (std::size_t i = 0; i < many; ++i) {
        clients.push_back(t.secured());
        EXPECT_THAT(clients.back().exchange(get("/public")), StartsWith("HTTP/1.1 200"));
    }
#ifndef SCOPEGATE_SANITIZED
    const auto each = (t.c.gate.resident_bytes() - before) / many;
    EXPECT_LT(each, 32U * 1024) << "OpenSSL still holds its buffers of more than twice 16 KiB";
    RecordProperty("bytes_each", static_cast<int>(each));
#endif
}

} // namespace
} // namespace scopegate::test
