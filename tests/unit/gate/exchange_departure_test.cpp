// Clients that leave an exchange, at every point of it.
#include "unit/gate/memory_exchange.hpp"

namespace scopegate::gate {
namespace {

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

TEST_F(leaving_client, cuts_the_upload_that_the_upstream_takes_too_late)
{
    serve("POST /appointments/7", "hel", false);
    up()->takes_nothing();
    client->arrives("lo");
    client->resets();
    up()->takes_all();
    up()->responds(five_bytes, "world", true);
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<reset>");
    EXPECT_EQ(client->saw(), "");
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

TEST_F(half_closing_client, has_that_time_behind_an_upload_that_the_upstream_was_slow_to_take)
{
    timeouts().half_closed = 20s;
    serve("POST /appointments/7", "hel", false);
    up()->takes_nothing();
    client->arrives("l");
    client->arrives("o", true);
    client->ends();
    run();
    EXPECT_FALSE(ended) << "the body has come whole";
    up()->takes_all();
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hello<end>");
    run();
    EXPECT_EQ(up()->time_left(direction::read), 20s);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(half_closing_client, has_that_time_in_the_queue_of_the_upstream)
{
    timeouts().half_closed = 0s;
    upstream::slot taken;
    serve_in_queue(taken);
    client->ends();
    run();
    EXPECT_EQ(end(), "0 client-gone");
}

TEST_F(half_closing_client, has_that_time_within_a_response)
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

} // namespace
} // namespace scopegate::gate
