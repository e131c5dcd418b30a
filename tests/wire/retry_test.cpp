// A pooled connection may close just as a request goes out on it. The gate then sends that request once more,
// on a fresh connection. It does so only for requests that may be sent twice, and only if no byte of a
// response came and no byte of a body went out.
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

// Responds on fresh connections only: on a reused one it does `fault`.
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
        EXPECT_EQ(client.exchange(get("/public")).status, 200U); // now the pool has a connection
        const auto answer = client.exchange(request_text(r.method, "/public/stale", {}, {}, r.body));
        EXPECT_EQ(answer.status, r.again ? 200U : 502U) << r.sentence << answer;
        const auto seen = c.api.wait_for_requests(r.again ? 3 : 2);
        EXPECT_EQ(seen.size(), r.again ? 3U : 2U) << r.sentence;
        if (r.again) {
            EXPECT_EQ(seen[1].connection, 1U) << r.sentence;
            EXPECT_EQ(seen[2].connection, 2U) << r.sentence;
            EXPECT_EQ(seen[1].head, seen[2].head) << r.sentence << ": the retry differs from the request";
        }
    }
}

TEST(retry, follows_a_close_of_a_pooled_connection_before_its_first_byte)
{
    expect_retries([](upstream_exchange& x) {
        x.read_body();
        x.close();
    });
}

TEST(retry, follows_a_reset_of_a_pooled_connection_before_its_first_byte)
{
    expect_retries([](upstream_exchange& x) {
        x.read_body();
        x.reset();
    });
}

TEST(retry, does_not_happen_for_an_empty_body_that_came_behind_its_head)
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

TEST(retry, does_not_happen_after_the_first_byte)
{
    calendar c;
    c.api.on("/public/stale", stale(sends_then_closes("H")));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    EXPECT_EQ(client.exchange(get("/public/stale")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(2).size(), 2U);
}

TEST(retry, does_not_happen_after_a_fresh_connection_closes)
{
    calendar c;
    c.api.on("/public/gone", closes_before_answer());
    EXPECT_EQ(c.exchange(get("/public/gone")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(1).size(), 1U);
    EXPECT_EQ(c.exchange(get("/public")).status,
              200U); // pools one connection, so that the next request is sent twice and not more often
    EXPECT_EQ(c.exchange(get("/public/gone")).status, 502U);
    EXPECT_EQ(c.api.wait_for_requests(4).size(), 4U);
}

TEST(retry, is_not_needed_for_a_connection_known_to_be_closed)
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

TEST(retry, is_not_risked_on_a_connection_that_has_just_closed)
{
    calendar c;
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    c.api.wait_for_requests(1);
    c.gate.freeze(); // the gate learns of both in one poll, and of the request first
    client.send(request_text("POST", "/public", {}, {}, "once"));
    c.api.close_idle();
    c.gate.send_signal(SIGCONT);
    const auto answer = client.read("POST");
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(c.api.wait_for_requests(2)[1].body, "once");
}

} // namespace
} // namespace scopegate::test
