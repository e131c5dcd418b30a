// WebSockets and event streams through an exchange, whose two sides are memory wires.
#include "http/websocket.hpp"
#include "unit/gate/memory_exchange.hpp"

#include <gmock/gmock.h>

namespace scopegate::gate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
const std::string opened = "<101>";
const std::string asked = "<GET /appointments/7><end>";
const std::string hello("\x81\x02hi", 4);
const std::string half_of_hello = hello.substr(0, 3);
// Without the key, which is random.
const std::string masked_close_start("\x88", 1);

class exchange_of_tunnel : public memory_exchange {
protected:
    void ask()
    {
        request("GET /appointments/7", "", true,
                "Authorization: Bearer " + reader_token() +
                    "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        side_->own_facts().opens_websocket = true;
    }
    void open()
    {
        ask();
        serve();
        up()->responds(switching);
        ASSERT_EQ(client->saw(), opened);
    }
    [[nodiscard]] static std::string close(const lasting_end& how)
    {
        return http::close_frame(how.code, how.text);
    }
};

TEST_F(exchange_of_tunnel, passes_bytes_both_ways)
{
    open();
    client->arrives("up");
    up()->arrives(hello);
    client->arrives(" and up");
    EXPECT_EQ(up()->saw(), asked + "up and up");
    EXPECT_EQ(client->saw(), opened + hello);
    up()->ends();
    EXPECT_EQ(client->saw(), opened + hello + close(upstream_has_gone()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_tunnel, ends_with_its_connection_though_its_token_is_valid_for_longer)
{
    connection_end = std::chrono::steady_clock::now();
    ask();
    serve();
    up()->responds(switching);
    up()->ends();
    EXPECT_EQ(client->saw(), opened + close(connection_is_too_old()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, passes_on_what_came_behind_the_heads)
{
    ask();
    client->arrives("early");
    serve();
    EXPECT_EQ(up()->saw(), asked) << "no body of the request";
    up()->responds(switching, hello);
    EXPECT_EQ(up()->saw(), asked + "early");
    EXPECT_EQ(client->saw(), opened + hello);
    up()->ends();
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, waits_for_the_upstream_to_answer_a_close_frame)
{
    open();
    const auto bye = http::masked_close_frame(1000, "", {'a', 'b', 'c', 'd'});
    client->arrives(bye);
    client->ends();
    EXPECT_EQ(up()->saw(), asked + bye + "<shut>");
    EXPECT_EQ(end(), "has not ended");
    up()->arrives(http::close_frame(1000, ""));
    up()->ends();
    EXPECT_EQ(client->saw(), opened + http::close_frame(1000, "")) << "no close frame of ours behind its own";
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, tells_the_upstream_that_the_client_ended_without_a_close_frame)
{
    open();
    client->arrives(hello);
    client->ends();
    EXPECT_THAT(up()->saw(), StartsWith(asked + hello + masked_close_start));
    EXPECT_THAT(up()->saw(), ::testing::EndsWith("<shut>"));
    EXPECT_EQ(end(), "has not ended") << "the upstream may still read";
    up()->ends();
    EXPECT_EQ(end(), "101 allowed");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_tunnel, tells_the_upstream_that_the_client_reset)
{
    open();
    client->resets();
    EXPECT_THAT(up()->saw(), StartsWith(asked + masked_close_start));
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, puts_no_close_frame_into_a_frame_of_the_client)
{
    open();
    client->arrives(half_of_hello);
    client->ends();
    EXPECT_EQ(up()->saw(), asked + half_of_hello + "<closed>");
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, tells_the_client_that_the_upstream_reset)
{
    open();
    up()->resets();
    EXPECT_EQ(client->saw(), opened + close(upstream_has_gone()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, ends_both_sides_when_the_server_shuts_down)
{
    open();
    at().drain([] {});
    run();
    EXPECT_EQ(client->saw(), opened + close(server_shuts_down()) + "<shut>");
    EXPECT_THAT(up()->saw(), StartsWith(asked + masked_close_start));
    EXPECT_EQ(end(), "has not ended");
    up()->ends();
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, ends_within_the_call_that_shuts_the_server_down)
{
    open();
    up()->takes_nothing();
    at().drain([] {});
    run();
    EXPECT_EQ(client->saw(), opened + close(server_shuts_down()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_tunnel, opens_none_while_the_server_shuts_down)
{
    ask();
    serve();
    at().drain([] {});
    run();
    up()->takes_nothing();
    up()->responds(switching);
    EXPECT_EQ(client->saw(), opened + close(server_shuts_down()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, ends_when_a_new_policy_would_not_permit_it)
{
    open();
    client->arrives(hello);
    revoke();
    EXPECT_THAT(client->saw(), HasSubstr("\x03\xf0")) << "1008, policy violation";
    EXPECT_THAT(up()->saw(), StartsWith(asked + hello + masked_close_start));
    client->arrives("an order");
    EXPECT_EQ(up()->saw().find("order"), std::string::npos);
    up()->ends();
    EXPECT_EQ(end(), "101 insufficient-scope");
}

TEST_F(exchange_of_tunnel, ends_within_the_call_that_judges_it)
{
    open();
    up()->takes_nothing();
    client->arrives(hello);
    revoke();
    EXPECT_EQ(end(), "101 insufficient-scope");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_tunnel, ends_when_nothing_was_sent_for_too_long)
{
    timeouts().stream = 0s;
    open();
    up()->takes_nothing();
    EXPECT_TRUE(up()->expires(direction::read));
    EXPECT_EQ(client->saw(), opened + close(tunnel_was_idle()) + "<shut>");
    EXPECT_EQ(end(), "101 allowed");
}

TEST_F(exchange_of_tunnel, is_not_opened_for_a_client_that_takes_nothing)
{
    ask();
    client->takes_nothing();
    serve();
    up()->responds(switching);
    EXPECT_EQ(end(), "has not ended");
    client->resets();
    EXPECT_EQ(end(), "101 client-gone, cut");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_tunnel, passes_on_the_response_of_an_upstream_that_does_not_agree)
{
    ask();
    serve();
    up()->responds(five_bytes, "no go", true);
    EXPECT_EQ(client->saw(), "<200 5>no go<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_of_tunnel, refuses_another_protocol)
{
    ask();
    serve();
    up()->responds("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
    EXPECT_EQ(client->saw(), "<own 502>");
    EXPECT_EQ(end(), "502 upstream-bad-answer bad-upgrade");
}

TEST_F(exchange_of_tunnel, refuses_a_protocol_that_nobody_asked_for)
{
    serve("GET /appointments/7");
    up()->responds(switching);
    EXPECT_EQ(client->saw(), "<own 502>");
    EXPECT_EQ(end(), "502 upstream-bad-answer unexpected-upgrade");
}

// --- event streams ---

class exchange_of_events : public memory_exchange {
protected:
    void open()
    {
        serve("GET /appointments/7");
        up()->responds(events, "data: 1\n\n");
        ASSERT_EQ(client->saw(), "<200 ?>data: 1\n\n");
    }
};

TEST_F(exchange_of_events, pass_on_as_they_come)
{
    open();
    EXPECT_EQ(up()->time_left(direction::read), 1h) << "timeouts.stream";
    up()->arrives("data: 2\n\n");
    EXPECT_EQ(client->saw(), "<200 ?>data: 1\n\ndata: 2\n\n");
    up()->completes();
    EXPECT_EQ(client->saw(), "<200 ?>data: 1\n\ndata: 2\n\n<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_of_events, go_on_while_the_server_shuts_down)
{
    open();
    at().drain([] {});
    run();
    EXPECT_EQ(end(), "has not ended");
    up()->completes();
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_of_events, end_when_a_new_policy_would_not_permit_them)
{
    open();
    revoke();
    EXPECT_EQ(end(), "200 insufficient-scope, cut");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(exchange_of_events, end_behind_the_event_that_the_client_is_slow_to_take)
{
    open();
    client->takes_nothing();
    up()->arrives("data: 2\n\n");
    up()->arrives("data: 3\n\n");
    revoke();
    EXPECT_EQ(end(), "has not ended");
    client->takes_all();
    EXPECT_EQ(client->saw(), "<200 ?>data: 1\n\ndata: 2\n\n");
    EXPECT_EQ(end(), "200 insufficient-scope, cut");
}

TEST_F(exchange_of_events, end_when_none_came_for_too_long)
{
    open();
    EXPECT_TRUE(up()->expires(direction::read));
    EXPECT_EQ(end(), "200 upstream-timeout timeouts-stream, cut");
}

TEST_F(exchange_of_events, end_with_a_client_that_leaves_while_it_takes_nothing)
{
    open();
    client->takes_nothing();
    up()->arrives("data: 2\n\n");
    client->ends();
    EXPECT_EQ(end(), "has not ended") << "nobody waits for the upstream";
    client->takes_all();
    EXPECT_EQ(end(), "200 client-gone, cut");
}

} // namespace
} // namespace scopegate::gate
