// Upstreams that leave an exchange, at every point of it, and when the retry rule sends the request once
// more.
#include "unit/gate/memory_exchange.hpp"

#include <set>

namespace scopegate::gate {
namespace {

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

TEST_F(leaving_upstream, gets_a_request_that_others_have_not_answered)
{
    settings().upstream.addresses = {{"127.0.0.1", 1, {}}, {"127.0.0.1", 2, {}}, {"127.0.0.1", 3, {}}};
    serve("GET /appointments/2");
    up(0)->ends();
    ASSERT_EQ(made().size(), 2);
    up(1)->resets();
    ASSERT_EQ(made().size(), 3);
    EXPECT_EQ(std::set(connector().tried.begin(), connector().tried.end()).size(), 3U)
        << "an address got the request twice";
    up(2)->responds(five_bytes, "again", true);
    EXPECT_EQ(client->saw(), "<200 5>again<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_a_post_that_was_sent_no_second_time_at_another_address)
{
    settings().upstream.addresses = {{"127.0.0.1", 1, {}}, {"127.0.0.1", 2, {}}};
    serve("POST /appointments/2", "body", true);
    up(0)->ends();
    EXPECT_EQ(made().size(), 1);
    EXPECT_EQ(end(), "502 upstream-bad-answer closed-without-response");
}

TEST_F(leaving_upstream, gets_a_get_once_more_at_another_address)
{
    settings().upstream.addresses = {{"127.0.0.1", 1, {}}, {"127.0.0.1", 2, {}}};
    for (const auto index : {0U, 1U}) {
        serve("GET /appointments/1");
        up(index)->responds(five_bytes, "first", true);
        ASSERT_EQ(end(), "200 allowed");
    }
    serve("GET /appointments/2");
    ASSERT_EQ(made().size(), 2) << "it goes out on the first kept connection";
    up(0)->ends();
    ASSERT_EQ(made().size(), 3);
    EXPECT_NE(connector().tried[2], connector().tried[0]);
    up(2)->responds(five_bytes, "again", true);
    EXPECT_EQ(end(), "200 allowed");
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

TEST_F(leaving_upstream, gets_a_get_once_more_that_it_did_not_take)
{
    serve_first();
    up()->takes_nothing();
    serve("GET /appointments/2");
    up()->resets();
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(0)->saw(), "<GET /appointments/1><end><closed>");
    EXPECT_EQ(up(1)->saw(), "<GET /appointments/2><end>");
    up(1)->responds(five_bytes, "again", true);
    run();
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_a_put_once_more_whose_body_turned_out_empty)
{
    serve_first();
    request("PUT /appointments/2");
    side_->own_facts().has_body = true; // of unknown length
    serve();
    up(0)->ends();
    ASSERT_EQ(made().size(), 2);
    EXPECT_EQ(up(1)->saw(), "<PUT /appointments/2><end>");
    up(1)->responds(five_bytes, "again", true);
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(leaving_upstream, gets_no_put_twice_the_end_of_whose_empty_body_came_later)
{
    serve_first();
    serve("PUT /appointments/2", "", false);
    client->completes();
    up()->ends();
    EXPECT_EQ(made().size(), 1);
    EXPECT_EQ(end(), "502 upstream-bad-answer closed-without-response");
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
