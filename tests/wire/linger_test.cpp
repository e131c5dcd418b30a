// A response ends its connection while the client is still sending. The client reads all of it nevertheless,
// and cannot hold the connection for longer than allowed.
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include <poll.h>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::size_t mib = 1024UL * 1024;

std::string upload(std::string_view path, std::string_view token, std::size_t bytes)
{
    return request_text("POST", path, token, "Content-Length: " + std::to_string(bytes) + "\r\n");
}

// An API that responds as soon as it has read a head, and does not read the body.
upstream_script refuses_at_once(bool keeps_open)
{
    return [keeps_open](upstream_exchange& x) {
        x.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n" +
               std::string(keeps_open ? "\r\n" : "Connection: close\r\n\r\n") + "full");
        keeps_open ? x.wait_for_close() : x.close();
    };
}

struct refused_upload {
    std::string sentence, path, token;
    unsigned status;
    std::string limits = {};
};

std::vector<refused_upload> refused_uploads()
{
    return {
        {"no token", "/any", "", 401},
        {"a scope too few", "/appointments", calendar_token("read:appointments"), 403},
        {"a body over the limit", "/public", "", 413, "body: 1MiB"},
        {"refused by the API, which closes", "/public/closes", "", 403},
        {"refused by the API, which goes on reading", "/public/reads", "", 403},
    };
}

// Python's http.client, urllib and Java send the whole body before they read.
TEST(linger, lets_a_client_that_sends_everything_first_read_its_response)
{
    constexpr std::size_t size = 16 * mib;
    const std::string body(size, 'x');
    for (const auto& row : refused_uploads()) {
        calendar c({.limits = row.limits});
        c.api.on("/public/closes", refuses_at_once(false));
        c.api.on("/public/reads", refuses_at_once(true));
        auto client = c.connect();
        client.send(upload(row.path, row.token, size));
        EXPECT_TRUE(client.send(body)) << row.sentence << ": the connection was reset";
        const auto answer = client.read("POST");
        EXPECT_EQ(answer.status, row.status) << row.sentence << answer;
        EXPECT_EQ(answer.end, ending::complete) << row.sentence;
        if (row.path == "/public/reads" && answer.value("Connection").empty())
            continue; // on a slow machine the body may end before the response is read
        EXPECT_EQ(answer.value("Connection"), "close") << row.sentence;
        EXPECT_TRUE(client.is_closed_clean()) << row.sentence;
    }
}

TEST(linger, lets_a_client_read_its_response_under_tls_too)
{
    const tls_calendar t;
    auto client = t.secured();
    client.send(upload("/any", {}, 16 * mib));
    EXPECT_TRUE(client.send(std::string(16 * mib, 'x')));
    std::string answer;
    EXPECT_EQ(client.read_to_end(&answer), tls_client::ending::close_notify);
    EXPECT_THAT(answer, testing::StartsWith("HTTP/1.1 401 "));
}

// Sends a byte at each `pause` until the connection is closed, at most for `most`. Returns how long the
// connection lasted.
clock::duration lasts(raw_client& client, std::chrono::milliseconds pause,
                      std::chrono::milliseconds most = test_timeout)
{
    const auto begin = clock::now();
    while (client.send("x") && clock::now() - begin < most)
        ::poll(nullptr, 0, static_cast<int>(pause.count())); // the client's pace, the subject of this test
    return clock::now() - begin;
}

raw_client refused(const calendar& c)
{
    auto client = c.connect();
    client.send(upload("/any", {}, 100 * mib));
    EXPECT_EQ(client.read("POST").status, 401U);
    return client;
}

TEST(linger, goes_on_for_as_long_as_the_client_sends)
{
    const calendar c({.timeouts = "linger: 60s, linger_read: 5s"});
    auto client = refused(c);
    EXPECT_GE(lasts(client, 10ms, 3s), 3s) << "the connection was closed while the client was sending";
}

TEST(linger, ends_when_its_time_is_over)
{
    const calendar c({.timeouts = "linger: 800ms, linger_read: 60s"});
    auto client = refused(c);
    const auto lasted = lasts(client, 10ms);
    EXPECT_GE(lasted, 700ms);
    EXPECT_LT(lasted, test_timeout);
}

TEST(linger, ends_when_its_time_is_over_for_a_client_that_never_pauses)
{
    const calendar c({.timeouts = "linger: 800ms, linger_read: 60s", .server = "workers: 1"});
    auto client = refused(c);
    const std::string much(mib, 'x');
    const auto begin = clock::now();
    int others = 0;
    while (client.send(much) && clock::now() - begin < test_timeout)
        others += c.exchange(get("/public")).status == 200 ? 1 : 0;
    EXPECT_LT(clock::now() - begin, test_timeout);
    EXPECT_GT(others, 0) << "no other client was served meanwhile";
}

TEST(linger, ends_when_the_client_pauses_for_too_long)
{
    const calendar c({.timeouts = "linger: 60s, linger_read: 400ms"});
    const auto before = c.gate.open_descriptors();
    const auto begin = clock::now();
    auto client = refused(c);
    while (c.gate.open_descriptors() > before && clock::now() - begin < test_timeout)
        ::poll(nullptr, 0, 10);
    EXPECT_GE(clock::now() - begin, 300ms);
    EXPECT_LT(clock::now() - begin, test_timeout);
}

TEST(linger, ends_the_oldest_beyond_the_limit)
{
    const calendar c(
        {.limits = "lingering: 2", .timeouts = "linger: 60s, linger_read: 60s", .server = "workers: 1"});
    auto first = refused(c);
    auto second = refused(c);
    EXPECT_TRUE(first.send("x"));
    auto third = refused(c);
    EXPECT_LT(lasts(first, 10ms), test_timeout);
    EXPECT_GE(lasts(second, 10ms, 300ms), 300ms);
    EXPECT_GE(lasts(third, 10ms, 300ms), 300ms);
}

TEST(linger, ends_early_for_a_new_connection)
{
    const calendar c(
        {.limits = "connections: 1", .timeouts = "linger: 60s, linger_read: 60s", .server = "workers: 1"});
    auto client = refused(c);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U);
    EXPECT_LT(lasts(client, 10ms), test_timeout);
}

TEST(linger, does_not_delay_the_exit)
{
    calendar c({.timeouts = "drain_delay: 0, linger: 60s, linger_read: 60s"});
    auto client = refused(c);
    const auto begin = clock::now();
    EXPECT_EQ(c.gate.stop(test_timeout), 0) << c.gate.errors();
    EXPECT_LT(clock::now() - begin, test_timeout);
}

} // namespace
} // namespace scopegate::test
