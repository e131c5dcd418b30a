// A pooled connection may close just as a request goes out on it. That request is sent again, on a fresh
// connection: once, only where sending twice is as good as once, and only where nothing came back and nothing
// of a body went out.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

struct row {
    std::string sentence, method, body;
    bool again;
};

const row rows[] = {
    {"GET", "GET", "", true},
    {"HEAD", "HEAD", "", true},
    {"DELETE without a body", "DELETE", "", true},
    {"PUT without a body", "PUT", "", true},
    {"OPTIONS", "OPTIONS", "", true},
    {"POST without a body is not idempotent", "POST", "", false},
    {"PATCH is not idempotent", "PATCH", "", false},
    {"POST with a body", "POST", "hello", false},
    {"PUT whose body went out", "PUT", "hello", false},
    {"DELETE whose body went out", "DELETE", "hello", false},
};

// Answers on fresh connections only: on a used one it does `fault`.
upstream_script stale(upstream_script fault)
{
    return [fault = std::move(fault)](upstream_exchange& x) {
        if (x.asked().connection == 1) {
            fault(x);
        } else {
            x.read_body();
            x.send(x.asked().method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" : ok("again"));
        }
    };
}

void expect_retries(const upstream_script& fault)
{
    for (const auto& r : rows) {
        calendar c;
        c.api.on("/public/stale", stale(fault));
        auto client = c.connect();
        EXPECT_EQ(client.exchange(get("/public")).status, 200U); // now there is a pooled connection
        const auto answer = client.exchange(request_text(r.method, "/public/stale", {}, {}, r.body));
        EXPECT_EQ(answer.status, r.again ? 200U : 502U) << r.sentence << answer;
        const auto seen = c.api.wait_for_requests(r.again ? 3 : 2);
        EXPECT_EQ(seen.size(), r.again ? 3U : 2U) << r.sentence;
        if (r.again) {
            EXPECT_EQ(seen[1].connection, 1U) << r.sentence;
            EXPECT_EQ(seen[2].connection, 2U) << r.sentence;
            EXPECT_EQ(seen[1].head, seen[2].head) << r.sentence << ": the second time it was another request";
        }
    }
}

TEST(retry, a_pooled_connection_that_closes_before_its_first_byte)
{
    expect_retries([](upstream_exchange& x) {
        x.read_body();
        x.close();
    });
}

TEST(retry, a_pooled_connection_that_is_reset_before_its_first_byte)
{
    expect_retries([](upstream_exchange& x) {
        x.read_body();
        x.reset();
    });
}

TEST(retry, is_left_out_for_an_empty_body_that_came_behind_its_head)
{
    calendar c;
    c.api.on("/public/stale", stale([](upstream_exchange& x) {
                 x.read_body();
                 x.close();
             }));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    client.send(request_text("PUT", "/public/stale", {}, "Transfer-Encoding: chunked\r\n"));
    c.api.wait_for_heads(2);
    client.send("0\r\n\r\n");
    const auto answer = client.read("PUT");
    EXPECT_EQ(answer.status, 502U) << answer;
    EXPECT_EQ(c.api.wait_for_requests(2).size(), 2U);
}

TEST(retry, after_the_first_byte_it_is_too_late)
{
    calendar c;
    c.api.on("/public/stale", stale(sends_then_closes("H")));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    EXPECT_EQ(client.exchange(get("/public/stale")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(2).size(), 2U);
}

TEST(retry, a_fresh_connection_that_closes_is_the_apis_last_word)
{
    calendar c;
    c.api.on("/public/gone", closes_before_answer());
    EXPECT_EQ(c.exchange(get("/public/gone")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(1).size(), 1U);
    EXPECT_EQ(c.exchange(get("/public")).status,
              200U); // one pooled, so that the next is sent twice, not more often
    EXPECT_EQ(c.exchange(get("/public/gone")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(4).size(), 4U);
}

TEST(retry, a_connection_known_to_be_closed_is_not_used_whatever_the_method)
{
    calendar c;
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    c.api.wait_for_requests(1);
    c.api.close_idle();
    const auto answer = client.exchange(request_text("POST", "/public", {}, {}, "once"));
    EXPECT_EQ(answer.status, 200U) << answer;
    const auto seen = c.api.wait_for_requests(2);
    EXPECT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[1].connection, 2U);
    EXPECT_EQ(seen[1].body, "once");
}

TEST(retry, what_can_not_be_sent_again_is_not_sent_on_a_connection_that_has_just_closed)
{
    calendar c;
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    c.api.wait_for_requests(1);
    c.gate.freeze(); // it learns of both at once, and of the request first
    client.send(request_text("POST", "/public", {}, {}, "once"));
    c.api.close_idle();
    c.gate.send_signal(SIGCONT);
    const auto answer = client.read("POST");
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(c.api.wait_for_requests(2)[1].body, "once");
}

} // namespace
} // namespace scopegate::test
