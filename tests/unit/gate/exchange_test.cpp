// The exchange between two wires that are not HTTP/1.1: what each side sees, and the line in the log.
#include "unit/gate/memory_exchange.hpp"

namespace scopegate::gate {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class exchange_on_memory : public memory_exchange {};

TEST_F(exchange_on_memory, passes_both_bodies_on_as_they_come)
{
    serve("POST /appointments/7?full", "hel", false);
    EXPECT_EQ(up()->saw(), "<POST /appointments/7?full>hel");
    client->arrives("lo", true);
    EXPECT_EQ(up()->saw(), "<POST /appointments/7?full>hello<end>");
    EXPECT_EQ(client->saw(), "");
    up()->responds(five_bytes, "wor");
    EXPECT_EQ(client->saw(), "<200 5>wor");
    EXPECT_EQ(end(), "has not ended");
    up()->arrives("ld", true);
    EXPECT_EQ(client->saw(), "<200 5>world<end>");
    EXPECT_EQ(end(), "200 allowed");
    EXPECT_FALSE(up()->is_closed()) << "the connection can carry another request";
}

TEST_F(exchange_on_memory, adds_its_own_lines_to_both_heads)
{
    serve("GET /appointments/7");
    EXPECT_THAT(up()->lines(), HasSubstr("X-Auth-Subject: auth0|1\r\n"));
    EXPECT_THAT(up()->lines(), HasSubstr("X-Forwarded-For: 192.0.2.7\r\n"));
    EXPECT_THAT(up()->lines(), HasSubstr("Via: 2 scopegate\r\n"));
    up()->responds("HTTP/1.1 204 No Content\r\nETag: \"1\"\r\n\r\n");
    EXPECT_THAT(client->lines(), StartsWith("ETag: \"1\"\r\nDate: "));
    EXPECT_EQ(client->saw(), "<204><end>");
    EXPECT_EQ(end(), "204 allowed");
}

TEST_F(exchange_on_memory, refuses_without_asking_the_upstream)
{
    struct {
        const char* sentence;
        const char* line;
        bool has_token;
        const char* saw;
        const char* end;
    } const rows[] = {
        {"without a token", "GET /appointments/7", false, "<own 401>", "401 no-token"},
        {"a scope is missing", "DELETE /appointments/7", true, "<own 403>", "403 insufficient-scope"},
        {"no such route", "GET /other", true, "<own 404>", "404 no-route"},
    };
    for (const auto& r : rows) {
        if (r.has_token)
            request(r.line);
        else
            request(r.line, "", true, "");
        serve();
        EXPECT_EQ(client->saw(), r.saw) << r.sentence;
        EXPECT_EQ(end(), r.end) << r.sentence;
        EXPECT_TRUE(made().empty()) << r.sentence;
    }
}

TEST_F(exchange_on_memory, refuses_a_body_that_announces_too_much)
{
    settings().settings.front().body = 4;
    request("POST /appointments/7", "h", false);
    side_->own_facts().body_length = 5;
    serve();
    EXPECT_EQ(end(), "413 body-too-large limits-body");
    EXPECT_TRUE(made().empty());
}

TEST_F(exchange_on_memory, cuts_a_body_that_becomes_too_large)
{
    settings().settings.front().body = 4;
    serve("POST /appointments/7", "hel", false);
    client->arrives("lo");
    EXPECT_EQ(client->saw(), "<own 413>");
    EXPECT_EQ(end(), "413 body-too-large limits-body");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<closed>");
}

TEST_F(exchange_on_memory, serves_its_own_document)
{
    settings().metadata.resource = "https://api.example.com";
    request("GET /.well-known/oauth-protected-resource", "", true, "");
    serve();
    EXPECT_EQ(client->saw(), "<own 200>");
    ASSERT_TRUE(side_->own_response);
    EXPECT_THAT(side_->own_response->body, HasSubstr("https://api.example.com"));
    EXPECT_EQ(end(), "200 allowed");
    EXPECT_TRUE(made().empty());
}

TEST_F(exchange_on_memory, waits_for_a_client_that_is_slow_to_take_a_refusal)
{
    request("GET /appointments/7", "", true, "");
    client->takes_nothing();
    serve();
    EXPECT_EQ(client->saw(), "");
    EXPECT_FALSE(ended);
    client->takes_all();
    EXPECT_EQ(client->saw(), "<own 401>");
    EXPECT_EQ(end(), "401 no-token");
}

TEST_F(exchange_on_memory, reads_no_more_of_a_response_than_the_client_takes)
{
    request("GET /appointments/7");
    client->takes_nothing();
    serve();
    up()->responds(unsized, "ab");
    up()->arrives("cd");
    up()->arrives("ef", true);
    EXPECT_EQ(client->saw(), "");
    EXPECT_FALSE(up()->waits(direction::read)) << "what nobody takes is not read";
    client->takes(3);
    EXPECT_EQ(client->saw(), "<200 ?>abc");
    client->takes(1);
    EXPECT_EQ(client->saw(), "<200 ?>abcd");
    EXPECT_FALSE(ended);
    client->takes_all();
    EXPECT_EQ(client->saw(), "<200 ?>abcdef<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_on_memory, gives_up_a_client_that_takes_nothing_for_too_long)
{
    request("GET /appointments/7");
    client->takes_nothing();
    serve();
    up()->responds(unsized, "ab");
    EXPECT_EQ(client->time_left(direction::write), 30s) << "timeouts.body";
    EXPECT_TRUE(client->expires(direction::write));
    EXPECT_EQ(end(), "200 client-gone, cut");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(exchange_on_memory, passes_a_refusal_on_while_the_body_still_comes)
{
    serve("POST /appointments/7", "hel", false);
    up()->responds("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n", "no", true);
    EXPECT_EQ(client->saw(), "<413 2 last>no<end>");
    EXPECT_EQ(end(), "413 allowed");
    EXPECT_TRUE(up()->is_closed()) << "the rest of the body would follow on it";
}

TEST_F(exchange_on_memory, ends_the_upload_behind_a_whole_response)
{
    serve("POST /appointments/7", "hel", false);
    up()->responds(five_bytes, "early", true);
    EXPECT_EQ(client->saw(), "<200 5 last>early<end>");
    EXPECT_EQ(end(), "200 allowed");
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hel<closed>");
}

TEST_F(exchange_on_memory, goes_on_with_the_upload_beside_a_response_that_is_not_whole)
{
    serve("POST /appointments/7", "hel", false);
    up()->responds(unsized, "ea");
    EXPECT_EQ(client->saw(), "<200 ?>ea") << "not the last response";
    client->arrives("lo");
    up()->arrives("rl");
    client->arrives("!", true);
    up()->arrives("y", true);
    EXPECT_EQ(up()->saw(), "<POST /appointments/7>hello!<end>");
    EXPECT_EQ(client->saw(), "<200 ?>early<end>");
    EXPECT_EQ(end(), "200 allowed");
    EXPECT_FALSE(up()->is_closed());
}

TEST_F(exchange_on_memory, reads_the_response_of_an_upstream_that_takes_no_more)
{
    serve("POST /appointments/7", "hel", false);
    up()->takes_nothing();
    client->arrives("lo");
    up()->responds("HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\n", "bad", true);
    EXPECT_EQ(client->saw(), "<400 3 last>bad<end>");
    EXPECT_EQ(end(), "400 allowed");
}

TEST_F(exchange_on_memory, refuses_a_body_that_is_malformed)
{
    serve("POST /appointments/7", "hel", false);
    client->garbles();
    EXPECT_EQ(client->saw(), "<own 400>");
    EXPECT_EQ(end(), "400 malformed-request bad-chunk-size");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(exchange_on_memory, passes_interim_responses_on)
{
    request("POST /appointments/7", "", false);
    side_->own_facts().expects_continue = true;
    serve();
    up()->responds("HTTP/1.1 100 Continue\r\n\r\n");
    up()->responds("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    EXPECT_EQ(client->saw(), "<100><103>");
    client->arrives("hello", true);
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(client->saw(), "<100><103><200 5>world<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_on_memory, ends_a_stream_of_interim_responses)
{
    serve("GET /appointments/7");
    for (int i = 0; i < 40 && !ended; ++i)
        up()->responds("HTTP/1.1 103 Early Hints\r\n\r\n");
    EXPECT_THAT(client->saw(), StartsWith("<103><103>"));
    EXPECT_THAT(client->saw(), ::testing::EndsWith("<own 502>"));
    EXPECT_EQ(end(), "502 upstream-bad-answer too-many-interim-responses");
}

TEST_F(exchange_on_memory, waits_for_a_client_that_is_slow_to_take_an_interim_response)
{
    request("GET /appointments/7");
    client->takes_nothing();
    serve();
    up()->responds("HTTP/1.1 103 Early Hints\r\n\r\n");
    up()->responds(five_bytes, "world", true);
    EXPECT_EQ(client->saw(), "");
    client->takes_all();
    EXPECT_EQ(client->saw(), "<103><200 5>world<end>");
    EXPECT_EQ(end(), "200 allowed");
}

TEST_F(exchange_on_memory, says_that_the_upstream_cannot_be_reached)
{
    request("GET /appointments/7");
    connector().refuses = true;
    serve();
    EXPECT_EQ(client->saw(), "<own 502>");
    EXPECT_EQ(end(), "502 upstream-unreachable timeouts-upstream-connect");
}

TEST_F(exchange_on_memory, says_that_the_upstream_does_not_respond)
{
    serve("GET /appointments/7");
    EXPECT_EQ(up()->time_left(direction::read), 60s) << "timeouts.upstream_response";
    EXPECT_TRUE(up()->expires(direction::read));
    EXPECT_EQ(client->saw(), "<own 504>");
    EXPECT_EQ(end(), "504 upstream-timeout timeouts-upstream-response");
}

TEST_F(exchange_on_memory, counts_the_time_of_the_response_from_the_end_of_the_request)
{
    serve("POST /appointments/7", "hel", false);
    EXPECT_GT(up()->time_left(direction::read), 24h) << "the upload's own timeouts count";
    EXPECT_EQ(client->time_left(direction::read), 30s) << "timeouts.body";
    client->arrives("lo", true);
    EXPECT_EQ(up()->time_left(direction::read), 60s);
    EXPECT_TRUE(up()->expires(direction::read));
    EXPECT_EQ(end(), "504 upstream-timeout timeouts-upstream-response");
}

TEST_F(exchange_on_memory, blames_a_client_that_pauses_within_its_body)
{
    serve("POST /appointments/7", "hel", false);
    EXPECT_TRUE(client->expires(direction::read));
    EXPECT_EQ(client->saw(), "<own 408>");
    EXPECT_EQ(end(), "408 request-timeout timeouts-body");
    EXPECT_TRUE(up()->is_closed());
}

TEST_F(exchange_on_memory, ends_in_the_queue_of_the_upstream_with_its_client)
{
    upstream::slot taken;
    serve_in_queue(taken);
    client->resets();
    run();
    EXPECT_EQ(end(), "0 client-gone");
    EXPECT_TRUE(made().empty());
}

} // namespace
} // namespace scopegate::gate
