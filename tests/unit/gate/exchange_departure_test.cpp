// Clients and upstreams that leave an exchange, each at every point of it.
#include "unit/gate/memory_exchange.hpp"

namespace scopegate::gate {
namespace {

const std::string five_bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
const std::string unsized = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n";
const std::string events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

// --- the client resets ---

class leaving_client : public memory_exchange {};

TEST_F(leaving_client, ends_the_exchange_before_there_is_a_connection)
{
    request("GET /appointments/7");
    connector().holds = true;
    serve();
    client->resets();
    EXPECT_EQ(end(), "has not ended") << "a connection that is being made is not given up";
    connector().goes_on();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<closed>") << "no request was sent";
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(leaving_client, ends_the_exchange_before_it_begins)
{
    request("GET /appointments/7");
    client->resets();
    serve();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<closed>");
}

TEST_F(leaving_client, cuts_the_upload)
{
    serve("POST /appointments/7", "hel", false);
    client->resets();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<reset>") << "the upstream must not take it for whole";
    EXPECT_EQ(client->saw(), "");
}

TEST_F(leaving_client, cuts_the_upload_that_the_upstream_is_slow_to_take)
{
    serve("POST /appointments/7", "hel", false);
    up()->takes_nothing();
    client->arrives("lo");
    client->resets();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<reset>");
}

TEST_F(leaving_client, ends_the_wait_for_the_response)
{
    serve("GET /appointments/7");
    client->resets();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<GET /appointments/7><end><closed>");
}

TEST_F(leaving_client, ends_the_wait_for_the_response_behind_an_upload)
{
    serve("POST /appointments/7", "hel", false);
    client->arrives("lo", true);
    client->resets();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hello<end><closed>");
}

TEST_F(leaving_client, ends_the_response)
{
    serve("GET /appointments/7");
    up()->responds(five_bytes, "wor");
    client->resets();
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_EQ(client->saw(), "<200 5>wor");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(leaving_client, ends_the_response_that_it_is_slow_to_take)
{
    request("GET /appointments/7");
    client->takes_nothing();
    serve();
    up()->responds(five_bytes, "wor");
    client->resets();
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(leaving_client, ends_an_upload_and_a_response_at_once)
{
    serve("POST /appointments/7", "hel", false);
    up()->responds(unsized, "ea");
    client->resets();
    run();
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(leaving_client, ends_an_interim_response_that_it_is_slow_to_take)
{
    request("GET /appointments/7");
    client->takes_nothing();
    serve();
    up()->responds("HTTP/1.1 103 Early Hints\r\n\r\n");
    client->resets();
    EXPECT_EQ(end(), "0 client-gone");
}

// --- the client closes its side ---

class half_closing_client : public memory_exchange {};

TEST_F(half_closing_client, gets_its_response_behind_a_whole_request)
{
    serve("GET /appointments/7");
    client->ends();
    EXPECT_FALSE(ended);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(client->saw(), "<200 5>world<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, gets_its_response_behind_an_upload)
{
    serve("POST /appointments/7", "hel", false);
    client->arrives("lo", true);
    client->ends();
    run();
    EXPECT_FALSE(ended);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(client->saw(), "<200 5>world<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, is_gone_within_its_body)
{
    serve("POST /appointments/7", "hel", false);
    client->ends();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<reset>");
}

TEST_F(half_closing_client, is_gone_within_the_body_that_the_upstream_is_slow_to_take)
{
    serve("POST /appointments/7", "hel", false);
    up()->takes_nothing();
    client->arrives("l");
    client->ends();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<reset>");
}

TEST_F(half_closing_client, waits_for_as_long_as_the_file_says)
{
    timeouts().half_closed = 20s;
    serve("GET /appointments/7");
    EXPECT_EQ(up()->time_left(direction::read), 60s);
    client->ends();
    EXPECT_EQ(up()->time_left(direction::read), 20s);
    up()->responds(five_bytes, "w");
    EXPECT_EQ(up()->time_left(direction::read), 20s) << "each pause counts for itself";
    up()->expires(direction::read);
    EXPECT_EQ(end(), "200 client-gone, cut");
}

TEST_F(half_closing_client, is_gone_once_that_time_is_over)
{
    timeouts().half_closed = 0s;
    serve("GET /appointments/7");
    client->ends();
    EXPECT_EQ(up()->time_left(direction::read), 0s);
    up()->expires(direction::read);
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<GET /appointments/7><end><closed>");
}

TEST_F(half_closing_client, has_that_time_behind_its_upload)
{
    timeouts().half_closed = 20s;
    serve("POST /appointments/7", "hel", false);
    client->arrives("lo", true);
    client->ends();
    EXPECT_EQ(up()->time_left(direction::read), 20s);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, has_that_time_in_the_midst_of_a_response)
{
    timeouts().half_closed = 20s;
    serve("GET /appointments/7");
    up()->responds(five_bytes, "w");
    EXPECT_EQ(up()->time_left(direction::read), 60s);
    client->ends();
    EXPECT_EQ(up()->time_left(direction::read), 20s);
    up()->arrives("orld", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, may_have_ended_before_it_is_served)
{
    timeouts().half_closed = 20s;
    request("GET /appointments/7");
    client->ends();
    serve();
    EXPECT_EQ(up()->time_left(direction::read), 20s);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, ends_an_event_stream)
{
    serve("GET /appointments/7");
    up()->responds(events, "data: 1\n\n");
    EXPECT_EQ(client->saw(), "<200 ?>data: 1\n\n");
    client->ends();
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(half_closing_client, gets_no_event_stream)
{
    serve("GET /appointments/7");
    client->ends();
    up()->responds(events, "data: 1\n\n");
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_TRUE(up()->is_closed());
}

// --- the upstream leaves ---

class leaving_upstream : public memory_exchange {
protected:
    // Serves a request whose connection is kept.
    void serve_first()
    {
        serve("GET /appointments/1");
        made().back()->responds(five_bytes, "first", true);
        ASSERT_EQ(end(), "200 allowed");
        ASSERT_FALSE(made().back()->is_closed());
    }
};

TEST_F(leaving_upstream, serves_the_next_request_on_the_kept_connection)
{
    serve_first();
    serve("GET /appointments/2");
    ASSERT_EQ(made().size(), 1);
    EXPECT_EQ(up()->saw(), "<GET /appointments/1><end><GET /appointments/2><end>");
    up()->responds(five_bytes, "again", true);
    EXPECT_EQ(client->saw(), "<200 5>again<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, does_not_keep_a_connection_that_says_it_closes)
{
    serve("GET /appointments/1");
    up()->responds("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n", "first", true);
    EXPECT_EQ(end(), "200 allowed");
    EXPECT_TRUE(up()->is_freed());
}

TEST_F(leaving_upstream, does_not_use_a_connection_that_has_ended_meanwhile)
{
    serve_first();
    up()->ends();
    serve("POST /appointments/2", "body", true);
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(0)->saw(), "<GET /appointments/1><end><closed>");
    EXPECT_EQ(up(1)->saw(), "<POST /appointments/2>body<end>");
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, asks_the_kernel_before_a_request_that_cannot_be_repeated)
{
    serve_first();
    up()->ends_unnoticed();
    serve("POST /appointments/2", "body", true);
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(0)->saw(), "<GET /appointments/1><end><closed>") << "the request was not sent on it";
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, does_not_take_an_unasked_response_for_the_next_one)
{
    serve_first();
    up()->responds(five_bytes, "stray", true);
    serve("POST /appointments/2", "body", true);
    ASSERT_EQ(made().size(), 2);
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(client->saw(), "<200 5>again<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_a_get_once_more_on_another_connection)
{
    serve_first();
    serve("GET /appointments/2");
    ASSERT_EQ(made().size(), 1);
    up()->ends();
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(1)->saw(), "<GET /appointments/2><end>");
    EXPECT_TRUE(up(0)->is_freed());
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(client->saw(), "<200 5>again<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_a_get_no_third_time)
{
    serve_first();
    serve("GET /appointments/2");
    up(0)->ends();
    ASSERT_EQ(made().size(), 2);
    up(1)->ends();
    EXPECT_EQ(made().size(), 2);
    EXPECT_EQ(end(), "502 upstream-bad-answer closed-without-response");
}

TEST_F(leaving_upstream, gets_a_put_without_a_body_once_more)
{
    serve_first();
    serve("PUT /appointments/2");
    up(0)->resets();
    ASSERT_EQ(made().size(), 2);
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_nothing_twice_that_has_an_effect_each_time)
{
    struct {
        const char* sentence;
        const char* line;
        const char* body;
    } const rows[] = {
        {"POST", "POST /appointments/2", ""},
        {"POST with a body", "POST /appointments/2", "body"},
        {"PUT, whose body is gone", "PUT /appointments/2", "body"},
    };
    for (const auto& r : rows) {
        serve_first();
        const auto before = made().size();
        serve(r.line, r.body, true);
        made().back()->ends();
        EXPECT_EQ(made().size(), before) << r.sentence;
        EXPECT_EQ(client->saw(), "<own 502>") << r.sentence;
        EXPECT_EQ(end(), "502 upstream-bad-answer closed-without-response") << r.sentence;
    }
}

TEST_F(leaving_upstream, gets_nothing_twice_on_a_new_connection)
{
    serve("GET /appointments/2");
    up()->ends();
    EXPECT_EQ(made().size(), 1);
    EXPECT_EQ(end(), "502 upstream-bad-answer closed-without-response");
}

TEST_F(leaving_upstream, gets_nothing_twice_once_it_has_begun_to_respond)
{
    serve_first();
    serve("GET /appointments/2");
    up()->responds("HTTP/1.1 200 O");
    up()->ends();
    EXPECT_EQ(made().size(), 1);
    EXPECT_EQ(end(), "502 upstream-bad-answer cut-head");
}

TEST_F(leaving_upstream, gets_no_request_twice_whose_client_has_left)
{
    serve_first();
    serve("GET /appointments/2");
    client->resets();
    EXPECT_EQ(made().size(), 1);
    EXPECT_EQ(end(), "0 client-gone");
}

TEST_F(leaving_upstream, gets_no_request_twice_whose_client_leaves_meanwhile)
{
    serve_first();
    connector().holds = true;
    serve("GET /appointments/2");
    up()->ends();
    EXPECT_TRUE(up()->is_freed());
    client->resets();
    connector().goes_on();
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(1)->saw(), "<closed>");
    EXPECT_EQ(end(), "0 client-gone");
}

TEST_F(leaving_upstream, cuts_the_response)
{
    serve("GET /appointments/2");
    up()->responds(five_bytes, "wor");
    up()->ends();
    EXPECT_EQ(client->saw(), "<200 5>wor");
    EXPECT_EQ(end(), "200 upstream-bad-answer cut-body, cut");
}

TEST_F(leaving_upstream, cuts_the_response_behind_what_the_client_is_slow_to_take)
{
    request("GET /appointments/2");
    client->takes_nothing();
    serve();
    up()->responds(unsized, "ab");
    up()->resets();
    EXPECT_EQ(end(), "has not ended");
    client->takes_all();
    EXPECT_EQ(client->saw(), "<200 ?>ab") << "what came before it was cut";
    EXPECT_EQ(end(), "200 upstream-bad-answer cut-body, cut");
}

TEST_F(leaving_upstream, sends_a_body_that_is_malformed)
{
    serve("GET /appointments/2");
    up()->responds(unsized, "ab");
    up()->garbles();
    EXPECT_EQ(end(), "200 upstream-bad-answer bad-chunk-size, cut");
}

TEST_F(leaving_upstream, ends_while_the_upload_runs)
{
    serve("POST /appointments/2", "hel", false);
    up()->resets();
    run();
    EXPECT_EQ(client->saw(), "<own 502>");
    EXPECT_EQ(end(), "502 upstream-bad-answer reset-connection");
    EXPECT_FALSE(client->waits(direction::read)) << "nobody reads the rest of the body";
}

TEST_F(leaving_upstream, pauses_within_the_response)
{
    serve("GET /appointments/2");
    up()->responds(five_bytes, "wor");
    EXPECT_EQ(up()->time_left(direction::read), 60s) << "timeouts.upstream_response";
    up()->expires(direction::read);
    EXPECT_EQ(end(), "200 upstream-timeout timeouts-response-pause, cut");
}

} // namespace
} // namespace scopegate::gate
