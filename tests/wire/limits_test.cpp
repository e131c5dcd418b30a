// Limits of size, number and time: requests and responses beyond them are refused.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

std::string problem_of(const response& r)
{
    const auto type = json_member(r.body, "type");
    return type.substr(type.rfind(':') + 1);
}

TEST(limits, bound_the_head_of_a_request)
{
    calendar c({.limits = "headers: 4KiB, header_count: 10"});
    std::string ten;
    for (int i = 0; i < 9; ++i) // nine, and Host
        ten += "X-" + std::to_string(i) + ": 1\r\n";
    const std::string long_one(5000, 'a');
    struct {
        std::string sentence, request;
        unsigned status;
        std::string problem;
    } const rows[] = {
        {"just below the count", get("/public", {}, ten), 200, ""},
        {"just over the count", get("/public", {}, ten + "X-10: 1\r\n"), 431, "headers-too-large"},
        {"below the size", get("/public", {}, "X-Long: " + long_one.substr(0, 3000) + "\r\n"), 200, ""},
        {"over the size", get("/public", {}, "X-Long: " + long_one + "\r\n"), 431, "headers-too-large"},
        {"a long target", get("/public/" + long_one), 414, "target-too-long"},
        {"a long query", get("/public?" + long_one), 414, "target-too-long"},
    };
    for (const auto& row : rows) {
        auto client = c.connect();
        const auto answer = client.exchange(row.request);
        EXPECT_EQ(answer.status, row.status) << row.sentence << answer;
        EXPECT_EQ(problem_of(answer), row.problem) << row.sentence;
        if (row.status != 200) {
            EXPECT_EQ(answer.value("Connection"), "close") << row.sentence;
            EXPECT_TRUE(client.is_closed_clean()) << row.sentence;
        }
    }
    EXPECT_EQ(c.api.requests().size(), 2U);
}

TEST(limits, refuse_an_endless_head_as_soon_as_it_is_too_long)
{
    calendar c({.limits = "headers: 4KiB"});
    auto client = c.connect();
    client.send("GET /public HTTP/1.1\r\nHost: a\r\nX-Long: " + std::string(5000, 'a'));
    EXPECT_EQ(client.read().status, 431U);
}

TEST(limits, bound_the_body_of_a_request)
{
    calendar c({.limits = "body: 1KiB"});
    const std::string fits(1024, 'x');
    EXPECT_EQ(c.exchange(request_text("POST", "/public", {}, {}, fits)).status, 200U);
    EXPECT_EQ(
        c.exchange(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + chunks(fits, 100))
            .status,
        200U);
    const auto seen = c.api.wait_for_requests(2).size();

    const auto said = c.exchange(request_text("POST", "/public", {}, {}, fits + "y"));
    EXPECT_EQ(said.status, 413U) << said;
    EXPECT_EQ(problem_of(said), "body-too-large");
    EXPECT_EQ(c.api.requests().size(), seen) << "the length was known, so the API must not see the request";

    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") +
                chunks(fits + "y", 300));
    const auto found = client.read("POST");
    EXPECT_EQ(found.status, 413U) << found;
    for (const auto& r : c.api.requests())
        EXPECT_LE(r.body.size(), 1024U);
}

TEST(limits, bound_the_head_of_a_response)
{
    calendar c({.limits = "headers: 4KiB, header_count: 20"});
    c.api.answer("/public/long", ok("x", "X-Long: " + std::string(5000, 'a') + "\r\n"));
    std::string many;
    for (int i = 0; i < 21; ++i)
        many += "X-" + std::to_string(i) + ": 1\r\n";
    c.api.answer("/public/many", ok("x", many));
    EXPECT_EQ(c.exchange(get("/public/long")).status, 502U);
    EXPECT_EQ(c.exchange(get("/public/many")).status, 502U);
}

TEST(limits, cut_off_a_slow_head)
{
    calendar c({.timeouts = "headers: 300ms, idle: 5s"});
    for (const auto* begun : {"G", "GET /public HTTP/1.1\r\n", "GET /public HTTP/1.1\r\nHost: a\r\nX-Slow"}) {
        auto client = c.connect();
        client.send(begun);
        const auto answer = client.read();
        EXPECT_EQ(answer.status, 408U) << begun << answer;
        EXPECT_EQ(problem_of(answer), "request-timeout");
        EXPECT_TRUE(client.is_closed_clean());
    }
}

TEST(limits, cut_off_a_slow_body)
{
    calendar c({.timeouts = "body: 300ms"});
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, "Content-Length: 10\r\n") + "half");
    const auto answer = client.read("POST");
    EXPECT_EQ(answer.status, 408U) << answer;
    EXPECT_TRUE(client.is_closed_clean());
    c.api.wait_for_closed(1); // the API does not wait for it either
}

TEST(limits, leave_no_descriptors_behind_after_many_connections)
{
    calendar c;
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    const auto descriptors = c.gate.open_descriptors();
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    auto last = c.connect();
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         c.gate.open_descriptors() > descriptors + 1 && std::chrono::steady_clock::now() < end;)
        EXPECT_EQ(last.exchange(get("/public")).status, 200U);
    EXPECT_LE(c.gate.open_descriptors(), descriptors + 1);
}

} // namespace
} // namespace scopegate::test
