// The API is away, slow, or sends bytes that must not be forwarded: the responses are 502 or 504, and a
// truncated message is recognizable as truncated.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <sys/socket.h>

namespace scopegate::test {
namespace {

using namespace std::string_literals;

std::string problem_of(const response& r)
{
    const auto type = json_member(r.body, "type");
    return type.substr(type.rfind(':') + 1);
}

TEST(upstream_faults, block_responses_that_two_readers_could_read_differently)
{
    struct {
        std::string sentence, bytes;
    } const rows[] = {
        {"no HTTP at all", "SSH-2.0-OpenSSH_9.2\r\n\r\n"},
        {"an older HTTP", "HTTP/0.9 200 OK\r\n\r\n"},
        {"a newer HTTP", "HTTP/2 200 OK\r\n\r\n"},
        {"no status", "HTTP/1.1 OK\r\n\r\n"},
        {"a status of two digits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
        {"bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 0\n\n"},
        {"a bare carriage return", "HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 0\r\n\r\n"},
        {"a folded field", "HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"},
        {"a blank before a colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n"},
        {"a NUL in a value", "HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 0\r\n\r\n"s},
        {"a length and chunks",
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"},
        {"a signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"},
        {"another transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"chunks twice",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"an upgrade that nobody asked for",
         "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"},
        {"a first chunk without a size",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n0\r\n\r\n"},
        {"an interim answer with a body", "HTTP/1.1 103 Early Hints\r\nContent-Length: 42\r\n\r\nHTTP/1.1 "
                                          "200 OK\r\nContent-Length: 4\r\n\r\nEVIL"},
        {"half a head", "HTTP/1.1 200 OK\r\nContent-Le"},
        {"nothing", ""},
    };
    calendar c;
    for (const auto& row : rows) {
        c.api.on("/public/odd", sends_then_closes(row.bytes));
        auto client = c.connect();
        const auto answer = client.exchange(get("/public/odd"));
        EXPECT_EQ(answer.status, 502U) << row.sentence << answer;
        EXPECT_EQ(answer.value("Content-Type"), "application/problem+json") << row.sentence;
        EXPECT_EQ(answer.all("WWW-Authenticate").size(), 0U)
            << "a failure behind the gate must not blame the token";
        EXPECT_EQ(client.exchange(get("/public")).status, 200U)
            << row.sentence << ": the client's connection must stay usable";
    }
}

// These responses come from the API, not from an attacker, and the connection carries no other request.
TEST(upstream_faults, let_responses_with_one_possible_reading_pass_normalized)
{
    struct {
        std::string sentence, bytes;
        unsigned status;
        std::string length, body;
    } const rows[] = {
        {"an equal length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "2",
         "ok"},
        {"a list of it", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 200, "2", "ok"},
        {"a blank behind a size",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2 \r\nok\r\n0\r\n\r\n", 200, "", "ok"},
        {"chunks of nothing", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204,
         "", ""},
    };
    calendar c;
    for (const auto& row : rows) {
        c.api.answer("/public/odd", row.bytes);
        auto client = c.connect();
        const auto answer = client.exchange(get("/public/odd"));
        EXPECT_EQ(answer.status, row.status) << row.sentence << answer;
        EXPECT_EQ(answer.value("Content-Length"), row.length) << row.sentence << answer;
        EXPECT_EQ(answer.body, row.body) << row.sentence << answer;
        EXPECT_EQ(answer.end, ending::complete) << row.sentence << answer;
        const auto used = c.api.requests().back().connection;
        EXPECT_EQ(client.exchange(get("/public")).status, 200U) << row.sentence;
        EXPECT_NE(c.api.requests().back().connection, used)
            << row.sentence << ": the connection was used again";
    }
}

// A limit on the sum over all of a body would truncate whole responses.
TEST(upstream_faults, do_not_include_many_chunk_extensions_in_a_long_response)
{
    calendar c;
    std::string body;
    for (int i = 0; i < 1000; ++i)
        body += "1;signature=" + std::string(64, 'a') + "\r\nx\r\n";
    c.api.answer("/public/long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body +
                                     "0\r\nX-Sum: " + std::string(20'000, 's') + "\r\n\r\n");
    const auto answer = c.exchange(get("/public/long", {}, "TE: trailers\r\n"));
    EXPECT_EQ(answer.body, std::string(1000, 'x'));
    EXPECT_EQ(answer.end, ending::complete);
    ASSERT_EQ(answer.trailers.size(), 1U);
    EXPECT_EQ(answer.trailers.front().second.size(), 20'000U);
}

TEST(upstream_faults, include_an_interim_response_with_a_body_to_head)
{
    calendar c;
    c.api.on("/public/odd", sends_then_closes("HTTP/1.1 103 Early Hints\r\nContent-Length: 46\r\n\r\n"
                                              "HTTP/1.1 201 Fake\r\nX-E: 1\r\nContent-Length: 7\r\n\r\n"));
    EXPECT_EQ(c.exchange(request_text("HEAD", "/public/odd", {})).status, 502U);
}

TEST(upstream_faults, do_not_let_a_lookalike_replace_a_field)
{
    calendar c({.issuer = "clock_skew: 0s"});
    c.api.answer("/public/odd", "HTTP/1.1 200 OK\r\nContent_Length: 3\r\nContent-Length: 5\r\n\r\nhello");
    auto client = c.connect();
    client.send(get("/public/odd") + get("/public"));
    const auto odd = client.read();
    EXPECT_EQ(odd.body, "hello") << odd;
    EXPECT_EQ(odd.all("Content-Length").size(), 1U) << odd;
    EXPECT_FALSE(odd.has("Content_Length")) << odd;
    EXPECT_EQ(client.read().status, 200U);

    c.api.on("/any", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent_Type: a/b\r\nContent-Type: text/event-stream\r\n"
               "Transfer-Encoding: chunked\r\n\r\n");
        x.wait_for_close();
    });
    const auto brief = brief_token({}, std::chrono::seconds(2));
    EXPECT_EQ(c.exchange(get("/any", brief)).end, ending::cut) << "an event stream ends with its token";
}

TEST(upstream_faults, include_a_status_line_without_its_space_which_is_added)
{
    calendar c;
    c.api.answer("/public/short", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_THAT(c.exchange(get("/public/short")).head, testing::StartsWith("HTTP/1.1 200 \r\n"));
}

TEST(upstream_faults, include_a_missing_date_which_is_added)
{
    calendar c;
    c.api.answer("/public/dated",
                 "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n");
    EXPECT_THAT(c.exchange(get("/public/dated")).all("Date"),
                testing::ElementsAre("Sun, 06 Nov 1994 08:49:37 GMT"));
    EXPECT_THAT(c.exchange(get("/public")).all("Date"), testing::ElementsAre(testing::EndsWith(" GMT")));
}

// As many scattered pieces as one write takes, and a body that needs some more.
TEST(upstream_faults, lose_no_piece_of_a_chunk)
{
    calendar c({.limits = "header_count: 250"});
    for (int pairs = 45; pairs <= 64; ++pairs) {
        std::string fields;
        for (int i = 0; i < pairs; ++i)
            fields += "X-" + std::to_string(i) + ": a\r\nKeep-Alive: 1\r\n";
        c.api.on("/public/many", sends_then_closes("HTTP/1.1 200 OK\r\n" + fields + "\r\nhello"));
        const auto answer = c.exchange(get("/public/many", {}, "Connection: close\r\n"));
        if (answer.status == 200) {
            EXPECT_EQ(answer.body, "hello") << pairs << answer;
            EXPECT_EQ(answer.end, ending::complete) << pairs;
        } else {
            EXPECT_EQ(answer.status, 502U) << pairs;
        }
    }
}

TEST(upstream_faults, remove_a_length_where_no_body_is_allowed)
{
    calendar c;
    c.api.on("/public/none", sends_then_closes("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"));
    auto client = c.connect();
    const auto answer = client.exchange(get("/public/none"));
    EXPECT_EQ(answer.status, 204U);
    EXPECT_FALSE(answer.has("Content-Length")) << answer;
    EXPECT_EQ(client.exchange(get("/public")).status, 200U)
        << "bytes behind the response must not reach another client";

    c.api.answer("/public/same", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.exchange(get("/public/same")).value("Content-Length"), "5")
        << "a 304 and HEAD state the length that the body would have";
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
}

TEST(upstream_faults, end_an_endless_series_of_interim_responses)
{
    calendar c;
    std::string many;
    for (int i = 0; i < 1000; ++i)
        many += "HTTP/1.1 102 Processing\r\n\r\n";
    c.api.on("/public/never", sends_then_closes(many));
    EXPECT_EQ(c.connect().exchange(get("/public/never")).status, 502U);
}

TEST(upstream_faults, cause_502_when_nobody_listens)
{
    gate_settings settings;
    { // a port that was free a moment ago
        recording_upstream gone;
        settings.upstream = gone.url();
    }
    calendar c(settings);
    const auto answer = c.exchange(get("/public"));
    EXPECT_EQ(answer.status, 502U) << answer;
    EXPECT_EQ(problem_of(answer), "upstream-unreachable");
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "upstream-unreachable");
}

TEST(upstream_faults, cause_502_when_the_api_accepts_no_connection_in_time)
{
    const auto full = socket_handle::listen_at(); // its accept queue has one place, which is taken
    ASSERT_EQ(::listen(full.descriptor(), 0), 0);
    const auto address = "127.0.0.1:" + std::to_string(full.port());
    const raw_client first(address);
    calendar c({.upstream = "http://" + address, .timeouts = "upstream_connect: 300ms"});
    const auto begun = std::chrono::steady_clock::now();
    const auto answer = c.exchange(get("/public"));
    EXPECT_EQ(answer.status, 502U) << answer;
    EXPECT_EQ(problem_of(answer), "upstream-unreachable");
    EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::milliseconds(300));
}

TEST(upstream_faults, cause_502_when_the_name_does_not_resolve)
{
    calendar c({.upstream = "http://no-such-host.invalid:80"});
    EXPECT_EQ(c.exchange(get("/public")).status, 502U);
}

TEST(upstream_faults, cause_504_when_the_response_is_slow)
{
    calendar c({.timeouts = "upstream_response: 300ms"});
    c.api.on("/public/silent", answers_when_released(ok("late")));
    c.api.on("/public/half", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Le");
        x.wait_for_close();
    });
    for (const auto* path : {"/public/silent", "/public/half"}) {
        const auto answer = c.exchange(get(path));
        EXPECT_EQ(answer.status, 504U) << path << answer;
        EXPECT_EQ(problem_of(answer), "upstream-timeout");
    }
    c.api.release();
    const auto posted = c.exchange(request_text("POST", "/public", {}, {}, "x"));
    EXPECT_EQ(posted.status, 200U) << "a late response was taken for another request's";
    EXPECT_EQ(json_member(posted.body, "method"), "POST");
}

TEST(upstream_faults, leave_a_truncated_response_recognizable)
{
    struct {
        std::string sentence, bytes;
    } const rows[] = {
        {"a length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it"},
        {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
        {"a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n9\r\nha"},
        {"the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"},
        {"chunks that end in nonsense",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" + std::string(200000, 'x')},
    };
    calendar c;
    for (const auto& row : rows)
        for (const bool resets : {false, true}) {
            c.api.on("/public/cut", resets ? sends_then_resets(row.bytes) : sends_then_closes(row.bytes));
            const auto answer = c.connect().exchange(get("/public/cut"));
            const auto refused = answer.status == 502U && answer.end == ending::complete;
            EXPECT_TRUE(refused || answer.end == ending::cut || answer.end == ending::reset)
                << row.sentence << (resets ? ", reset" : ", closed") << answer;
        }
}

TEST(upstream_faults, turn_a_break_of_a_close_delimited_response_into_a_reset)
{
    calendar c;
    c.api.on("/public/cut",
             sends_then_closes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"));
    auto client = c.connect();
    client.send("GET /public/cut HTTP/1.0\r\nHost: a\r\n\r\n");
    const auto answer = client.read();
    EXPECT_TRUE(answer.end == ending::reset || answer.status == 502U) << answer;
}

TEST(upstream_faults, let_an_early_refusal_of_a_large_body_reach_the_client)
{
    calendar c;
    c.api.on("/public/full", [](upstream_exchange& x) {
        x.send("HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 4\r\n\r\nfull");
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(request_text("POST", "/public/full", {}, "Content-Length: 100000000\r\n") +
                std::string(100000, 'x'));
    const auto answer = client.read("POST");
    EXPECT_EQ(answer.status, 413U) << answer;
    EXPECT_EQ(answer.body, "full");
}

TEST(upstream_faults, discard_a_second_response_that_came_at_once)
{
    calendar c;
    c.api.answer("/public/two", ok("one") + ok("two"));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public/two")).body, "one");
    const auto next = client.exchange(get("/public"));
    EXPECT_EQ(json_member(next.body, "target"), "/public") << next;
    EXPECT_EQ(c.api.connections(), 2U) << "a connection with a surplus response was used again";
}

} // namespace
} // namespace scopegate::test
