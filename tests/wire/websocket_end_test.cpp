// A tunnel ends with a close frame to each side that does not know of the end yet. The frame goes between two
// frames.
#include "support/calendar.hpp"
#include "wire/websocket_texts.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <functional>
#include <future>
#include <string>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;

const std::string whole_frame = "\x82\x05hello";
const std::string half_a_frame = "\x82\x05hel";
// Clients mask their frames. This one uses a key of zeros.
const std::string masked_frame("\x82\x85\0\0\0\0hello", 11);
const std::string masked_close("\x88\x82\0\0\0\0\x03\xE8", 8);
const std::string close("\x88\x02\x03\xE8", 4);

// Returns the code if the bytes are one close frame and nothing else; otherwise 0.
unsigned close_code(std::string bytes, bool masked)
{
    const std::size_t key = 2, payload = masked ? 6 : 2;
    if (bytes.size() < payload + 2 || bytes[0] != '\x88' || ((bytes[1] & 0x80) != 0) != masked ||
        bytes.size() != payload + (static_cast<unsigned char>(bytes[1]) & 0x7FU))
        return 0;
    for (auto i = payload; masked && i < bytes.size(); ++i)
        bytes[i] = static_cast<char>(bytes[i] ^ bytes[key + (i - payload) % 4]);
    return static_cast<unsigned char>(bytes[payload]) * 256U + static_cast<unsigned char>(bytes[payload + 1]);
}

// A tunnel over which the API has sent `first`, and what each side saw when it ended.
struct tunnel_story {
    std::string sentence;
    std::string from_api = whole_frame, from_client = masked_frame;
    std::function<void(calendar&, raw_client&)> ends = {}; // ends the tunnel from outside
    bool api_ends = false;                                 // instead, the API closes
    unsigned client_hears, api_hears;                      // 0: no close frame
};

void expect_told(const tunnel_story& story, gate_settings settings)
{
    settings.issuer = "clock_skew: 0s";
    std::promise<std::string> rest;
    calendar c(settings);
    c.api.on("/any", [&](upstream_exchange& x) {
        x.send(websocket_response);
        static_cast<void>(x.receive(story.from_client.size()));
        x.send(story.from_api);
        if (!story.api_ends)
            rest.set_value(x.receive(1000)); // until the end
        x.close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({}), websocket_request));
    ASSERT_EQ(client.read().status, 101U) << story.sentence;
    client.send(story.from_client);
    ASSERT_EQ(client.read_bytes(story.from_api.size()), story.from_api) << story.sentence;
    if (story.ends)
        story.ends(c, client);
    if (client.socket().is_open()) {
        const auto end = client.read_to_end();
        EXPECT_EQ(end.end, ending::cut) << story.sentence;
        EXPECT_EQ(close_code(end.bytes, false), story.client_hears) << story.sentence << printable(end.bytes);
        EXPECT_EQ(end.bytes.empty(), story.client_hears == 0) << story.sentence << printable(end.bytes);
    }
    if (!story.api_ends) {
        const auto heard = rest.get_future().get();
        EXPECT_EQ(close_code(heard, true), story.api_hears) << story.sentence << printable(heard);
        EXPECT_EQ(heard.empty(), story.api_hears == 0) << story.sentence << printable(heard);
    }
    c.api.wait_for_closed(1);
}

TEST(websocket_end, both_sides_get_1001_when_the_server_shuts_down)
{
    const auto stops = [](calendar& c, raw_client&) { c.gate.send_signal(SIGTERM); };
    const gate_settings settings{.timeouts = "drain_delay: 0"};
    expect_told({.sentence = "SIGTERM", .ends = stops, .client_hears = 1001, .api_hears = 1001}, settings);
    expect_told({.sentence = "in the middle of a client's frame",
                 .from_client = masked_frame.substr(0, 8),
                 .ends = stops,
                 .client_hears = 1001,
                 .api_hears = 0},
                settings);
}

TEST(websocket_end, the_servers_exit_does_not_wait_for_an_open_tunnel)
{
    calendar c({.timeouts = "drain_delay: 0, drain: 60s"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.send(websocket_response);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({}), websocket_request));
    ASSERT_EQ(client.read().status, 101U);
    c.gate.send_signal(SIGTERM);
    EXPECT_EQ(close_code(client.read_to_end().bytes, false), 1001U);
    client.close();
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0) << c.gate.errors();
}

TEST(websocket_end, both_sides_get_1001_when_nothing_is_sent_for_too_long)
{
    expect_told({.sentence = "idle", .client_hears = 1001, .api_hears = 1001}, {.timeouts = "stream: 500ms"});
}

TEST(websocket_end, the_api_gets_1011_when_the_client_vanishes)
{
    const auto closes = [](calendar&, raw_client& client) { client.close(); };
    const auto resets = [](calendar&, raw_client& client) { client.reset(); };
    const auto half_closes = [](calendar&, raw_client& client) { client.half_close(); };
    expect_told({.sentence = "it closes", .ends = closes, .client_hears = 0, .api_hears = 1011}, {});
    expect_told({.sentence = "it resets", .ends = resets, .client_hears = 0, .api_hears = 1011}, {});
    expect_told(
        {.sentence = "it may still be reading", .ends = half_closes, .client_hears = 1011, .api_hears = 1011},
        {});
    expect_told({.sentence = "within a frame of the client's",
                 .from_client = masked_frame.substr(0, 8),
                 .ends = closes,
                 .client_hears = 0,
                 .api_hears = 0},
                {});
    expect_told({.sentence = "behind its close frame",
                 .from_client = masked_close,
                 .ends = closes,
                 .client_hears = 0,
                 .api_hears = 0},
                {});
}

TEST(websocket_end, the_client_gets_1011_when_the_api_vanishes)
{
    expect_told({.sentence = "it closes", .api_ends = true, .client_hears = 1011, .api_hears = 0}, {});
    expect_told({.sentence = "within a frame of the API's",
                 .from_api = half_a_frame,
                 .api_ends = true,
                 .client_hears = 0,
                 .api_hears = 0},
                {});
    expect_told({.sentence = "behind its close frame",
                 .from_api = close,
                 .api_ends = true,
                 .client_hears = 0,
                 .api_hears = 0},
                {});
}

TEST(websocket_end, the_api_gets_1008_as_well_when_the_token_expires)
{
    std::promise<std::string> rest;
    calendar c({.issuer = "clock_skew: 0s"});
    c.api.on("/any", [&](upstream_exchange& x) {
        x.send(websocket_response);
        rest.set_value(x.receive(1000)); // until the end
        x.close();
    });
    auto client = c.connect();
    client.send(get("/any", brief_token({}, 700ms), websocket_request));
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_EQ(close_code(client.read_to_end().bytes, false), 1008U);
    EXPECT_EQ(close_code(rest.get_future().get(), true), 1008U);
}

TEST(websocket_end, a_tunnel_that_opens_during_the_shutdown_gets_1001_at_once)
{
    calendar c({.timeouts = "drain_delay: 0, drain: 60s"});
    c.api.on("/any", [](upstream_exchange& x) {
        x.wait_for_release();
        x.send(websocket_response);
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(get("/any", calendar_token({}), websocket_request));
    c.api.wait_for_heads(1);
    auto idle = c.connect();
    EXPECT_EQ(idle.exchange(get("/public")).status, 200U);
    c.gate.send_signal(SIGTERM);
    EXPECT_TRUE(idle.is_closed_clean()); // the drain has begun
    c.api.release();
    ASSERT_EQ(client.read().status, 101U);
    EXPECT_EQ(close_code(client.read_to_end().bytes, false), 1001U);
    client.close();
    EXPECT_EQ(c.gate.wait_for_exit(test_timeout), 0) << c.gate.errors();
}

} // namespace
} // namespace scopegate::test
