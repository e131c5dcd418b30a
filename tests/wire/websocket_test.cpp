// WebSocket tunnels: the decision comes before they open, bytes pass unchanged both ways, and they close when
// the token ends.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
constexpr std::string_view agreed =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string open(std::string_view token, std::string_view extra = {})
{
    return get("/any", token, std::string(handshake) + std::string(extra));
}

// Returns an unmasked frame of up to 65535 bytes.
std::string frame(std::string_view payload)
{
    std::string out = "\x82";
    if (payload.size() < 126) {
        out += static_cast<char>(payload.size());
    } else {
        out += '\x7E';
        out += static_cast<char>(payload.size() >> 8U);
        out += static_cast<char>(payload.size() & 0xFFU);
    }
    return out.append(payload);
}

bool is_close_frame(std::string_view bytes)
{
    return bytes.size() > 4 && bytes.substr(0, 1) == "\x88" && bytes.substr(2, 2) == "\x03\xF0";
}

gate_settings brief(std::string timeouts = {})
{
    gate_settings s;
    s.issuer = "clock_skew: 0s";
    s.timeouts = std::move(timeouts);
    return s;
}

TEST(websocket, decides_the_upgrade_like_any_request)
{
    calendar c;
    EXPECT_EQ(c.exchange(open({})).status, 401U);
    EXPECT_EQ(c.exchange(open(expired_token())).status, 401U);
    EXPECT_EQ(c.exchange(get("/appointments", calendar_token("write:appointments"), handshake)).status, 403U);
    EXPECT_EQ(c.exchange(get("/nowhere", calendar_token({}), handshake)).status, 404U);
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(websocket, opens_and_passes_bytes_both_ways)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(std::string(agreed) + frame("first"));
        const auto got = x.receive(7);
        x.send(frame(got));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(calendar_token("read:appointments")));
    const auto answer = client.read();
    ASSERT_EQ(answer.status, 101U) << answer;
    EXPECT_EQ(answer.value("Upgrade"), "websocket");
    EXPECT_EQ(answer.value("Connection"), "Upgrade");
    EXPECT_EQ(answer.value("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    EXPECT_FALSE(answer.has("Sec-WebSocket-Protocol"));
    EXPECT_EQ(client.read_bytes(7), frame("first"));
    client.send("1234567");
    EXPECT_EQ(client.read_bytes(9), frame("1234567"));

    const auto seen = c.api.requests().at(0);
    EXPECT_EQ(seen.value("Upgrade"), "websocket") << seen;
    EXPECT_EQ(seen.value("Connection"), "Upgrade");
    EXPECT_EQ(seen.value("Sec-WebSocket-Key"), "dGhlIHNhbXBsZSBub25jZQ==");
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    client.close();
    c.api.wait_for_closed(1);
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "101"; });
    EXPECT_EQ(line["reason"], "allowed") << line.text;
}

TEST(websocket, keeps_bytes_that_come_in_one_piece_with_the_handshake)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed); // held back until then: if the API does not agree, these bytes are the next request
        x.send(frame(x.receive(5)));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(calendar_token({})) + "early");
    EXPECT_EQ(client.read().status, 101U);
    EXPECT_EQ(client.read_bytes(7), frame("early"));
}

TEST(websocket, passes_large_frames_whole_whichever_side_is_slow)
{
    constexpr std::size_t frames = 100;
    const auto big = frame(std::string(60000, 'x'));
    calendar c;
    c.api.on("/any", [&](upstream_exchange& x) {
        x.send(agreed);
        std::thread sender([&] {
            for (std::size_t i = 0; i < frames; ++i)
                x.send(big);
        });
        std::size_t received = 0; // slowly: begins only when all bytes to the client are on their way
        sender.join();
        for (std::size_t i = 0; i < frames; ++i)
            received += x.receive(big.size()) == big ? 1 : 0;
        x.send(frame(std::to_string(received)));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.set_receive_buffer(64 * 1024);
    client.send(open(calendar_token({})));
    ASSERT_EQ(client.read().status, 101U);
    std::thread sender([&] {
        for (std::size_t i = 0; i < frames; ++i)
            client.send(big);
    });
    for (std::size_t i = 0; i < frames; ++i)
        ASSERT_EQ(client.read_bytes(big.size()), big) << i;
    EXPECT_EQ(client.read_bytes(5), frame("100"));
    sender.join();
}

TEST(websocket, closes_the_client_when_the_api_closes)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(std::string(agreed) + "last words");
        x.close();
    });
    auto client = c.connect();
    client.send(open(calendar_token({})));
    EXPECT_EQ(client.read().status, 101U);
    const auto rest = client.read_to_end();
    EXPECT_EQ(rest.bytes, "last words");
    EXPECT_EQ(rest.end, ending::cut);
}

TEST(websocket, lets_the_api_finish_after_a_clients_close_frame_and_end)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        const auto got = x.receive(100); // until the end
        x.send("got " + got);
        x.close();
    });
    auto client = c.connect();
    client.send(open(calendar_token({})));
    EXPECT_EQ(client.read().status, 101U);
    const std::string close("\x88\x82\0\0\0\0\x03\xE8", 8);
    client.send(close);
    client.half_close();
    EXPECT_EQ(client.read_to_end().bytes, "got " + close) << "the gate added bytes to a direction";
}

TEST(websocket, closes_the_api_connection_when_the_client_resets)
{
    calendar c;
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(calendar_token({})));
    EXPECT_EQ(client.read().status, 101U);
    client.reset();
    c.api.wait_for_closed(1);
}

TEST(websocket, forwards_any_response_of_an_api_that_declines)
{
    calendar c;
    c.api.answer("/any", ok("not today"));
    auto client = c.connect();
    const auto declined = client.exchange(open(calendar_token({})));
    EXPECT_EQ(declined.status, 200U) << declined;
    EXPECT_EQ(declined.body, "not today");
    c.api.answer("/any", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.exchange(open(calendar_token({}))).status, 403U) << "on the same connection";
}

TEST(websocket, rejects_a_switch_to_a_protocol_that_nobody_asked_for)
{
    calendar c;
    for (const std::string fields :
         {"", "Connection: Upgrade\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\n"}) {
        c.api.answer("/any", "HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n");
        EXPECT_EQ(c.exchange(open(calendar_token({}))).status, 502U) << fields;
    }
    c.api.answer("/any", std::string(agreed));
    EXPECT_EQ(c.exchange(get("/any", calendar_token({}))).status, 502U) << "no upgrade was asked for";
}

TEST(websocket, keeps_other_upgrades_from_the_api)
{
    calendar c;
    for (const auto* upgrade : {"h2c", "websocket, h2c", "TLS/1.0"}) {
        const auto seen =
            c.forwarded(get("/any", calendar_token({}),
                            "Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\nUpgrade: " +
                                std::string(upgrade) + "\r\n"));
        EXPECT_FALSE(seen.has("Upgrade")) << seen;
        EXPECT_FALSE(seen.has("HTTP2-Settings")) << seen;
    }
}

TEST(websocket, sends_a_close_frame_between_two_frames_when_the_token_ends)
{
    calendar c(brief());
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(std::string(agreed) + frame("whole") + frame("halves").substr(0, 4));
        x.wait_for_release(); // the token has expired by the time it goes on
        x.send(frame("halves").substr(4) + frame("too late"));
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(brief_token({}, 1000ms)));
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_EQ(client.read_bytes(11), frame("whole") + frame("halves").substr(0, 4));
    // Bytes sent after the token's end are dropped: this is how the test notices the end.
    EXPECT_EQ(client.read_bytes(1, 1300ms), "") << "no close frame fits in the middle of a frame";
    c.api.release();
    const auto rest = client.read_to_end().bytes;
    EXPECT_EQ(rest.substr(0, 4), "lves") << printable(rest);
    EXPECT_TRUE(is_close_frame(rest.substr(4))) << printable(rest);
    EXPECT_THAT(rest, Not(HasSubstr("too late")));
    client.close();
    c.api.wait_for_closed(1);
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "token-expired");
}

TEST(websocket, closes_a_quiet_tunnel_when_the_token_ends)
{
    calendar c(brief());
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(brief_token({}, 800ms)));
    ASSERT_EQ(client.read().status, 101U);
    const auto rest = client.read_to_end();
    EXPECT_TRUE(is_close_frame(rest.bytes)) << printable(rest.bytes);
    EXPECT_EQ(rest.end, ending::cut);
}

TEST(websocket, delivers_the_close_frame_to_a_client_that_keeps_sending)
{
    calendar c(brief());
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(open(brief_token({}, 600ms)));
    ASSERT_EQ(client.read().status, 101U);
    const auto end = std::chrono::steady_clock::now() + 900ms;
    while (std::chrono::steady_clock::now() < end && client.send(std::string(64, 'x')))
        std::this_thread::yield();
    const auto rest = client.read_to_end();
    EXPECT_TRUE(is_close_frame(rest.bytes)) << printable(rest.bytes);
}

TEST(websocket, passes_no_more_messages_of_a_client_that_reads_nothing)
{
    std::string orders;
    calendar c(brief());
    c.api.on("/any", [&](upstream_exchange& x) {
        x.send(agreed);
        std::thread flood([&] {
            for (int i = 0; i < 400; ++i) // more than all buffers on the way hold
                x.send(frame(std::string(60000, 'x')));
        });
        orders = x.receive(1000000); // until the end
        flood.join();
        x.close();
    });
    auto client = c.connect();
    client.set_receive_buffer(4096);
    client.send(open(brief_token({}, 700ms)));
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_EQ(client.read_bytes(1), "\x82");
    client.send("in time");
    const auto expired = std::chrono::steady_clock::now() + 900ms;
    while (std::chrono::steady_clock::now() < expired)
        std::this_thread::yield();
    client.send("too late");
    c.api.wait_for_closed(1);
    EXPECT_EQ(orders, "in time");
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "token-expired");
}

TEST(websocket, stays_open_while_one_direction_is_busy)
{
    calendar c({.timeouts = "stream: 700ms"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(agreed);
        std::string got;
        while (got.size() < 6) {
            const auto more = x.receive(1);
            if (more.empty())
                break;
            got += more;
        }
        x.send("heard " + got);
        x.close();
    });
    auto client = c.connect();
    client.send(open(calendar_token({})));
    ASSERT_EQ(client.read().status, 101U);
    for (int i = 0; i < 6; ++i) { // the API is silent for longer than the limit, but the client is not
        client.send("x");
        if (i < 5) {
            EXPECT_EQ(client.read_bytes(1, 300ms), "");
        }
    }
    EXPECT_EQ(client.read_to_end().bytes, "heard xxxxxx");
}

} // namespace
} // namespace scopegate::test
