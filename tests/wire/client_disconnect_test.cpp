// Clients leave before the response, during it, or during their own request. The gate keeps nothing for them,
// and other clients notice nothing.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace scopegate::test {
namespace {

// Expects that the gate still serves, and that within `test_timeout` it holds no more descriptors than
// before.
void expect_tidy(const calendar& c, std::size_t descriptors)
{
    auto client = c.connect();
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         c.gate.open_descriptors() > descriptors + 1 && std::chrono::steady_clock::now() < end;)
        EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    const auto answer = client.exchange(get("/public"));
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_LE(c.gate.open_descriptors(), descriptors + 1); // plus the client's own
}

// Serves one request, so that the pool holds its connection. Returns the number of descriptors.
std::size_t warm_descriptors(const calendar& c)
{
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/public")).status, 200U);
    return c.gate.open_descriptors();
}

TEST(client_disconnect, ends_the_exchange_while_the_api_is_still_working)
{
    for (const bool resets : {false, true}) {
        calendar c({.timeouts = resets ? "" : "half_closed: 300ms"}); // only a reset is certain
        const auto descriptors = warm_descriptors(c);
        c.api.on("/public/thinks", [](upstream_exchange& x) { x.wait_for_close(); });
        auto client = c.connect();
        client.send(get("/public/thinks"));
        c.api.wait_for_heads(2);
        resets ? client.reset() : client.close();
        c.api.wait_for_closed(1); // the gate closes the API's connection
        const auto line =
            c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "client-gone"; });
        EXPECT_EQ(line["status"], "0") << line.text;
        expect_tidy(c, descriptors);
    }
}

// The response begins in the same moment in which the request body turns out malformed: the gate has nothing
// to wait for.
TEST(client_disconnect, ends_the_exchange_within_a_body_as_the_response_begins)
{
    calendar c;
    std::promise<void> begun;
    c.api.on("/public", [&](upstream_exchange& x) {
        x.wait_for_release();
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        begun.set_value();
        x.wait_for_close();
    });
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + "1\r\na\r\n");
    c.api.wait_for_heads(1);
    c.gate.freeze();
    c.api.release();
    begun.get_future().wait();
    client.send("no size\r\n");
    c.gate.send_signal(SIGCONT);
    c.api.wait_for_closed(1);
    EXPECT_NE(client.read().end, ending::late);
}

// The gate reads the body and the client's end at once, before it waits for the response.
TEST(client_disconnect, ends_the_exchange_behind_a_body_that_came_at_once)
{
    calendar c;
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, "Content-Length: 200000\r\n"));
    c.api.wait_for_heads(1);
    auto other = c.connect();
    c.gate.freeze();
    other.send(request_text("POST", "/public", {}, "Content-Length: 200000\r\n") + std::string(100000, 'x'));
    other.half_close();
    client.send(std::string(100000, 'x'));
    client.half_close();
    c.gate.send_signal(SIGCONT);
    c.api.wait_for_closed(2);
}

// A read that fills the whole buffer does not show what follows it, so the gate must keep watching the
// client.
TEST(client_disconnect, is_noticed_after_a_body_that_filled_the_buffer)
{
    calendar c;
    std::promise<void> whole;
    c.api.on("/public/takes", [&](upstream_exchange& x) {
        x.read_body();
        whole.set_value();
        x.wait_for_close();
    });
    auto client = c.connect();
    const std::string body(65536, 'x'); // as large as the buffer
    client.send(request_text("POST", "/public/takes", {}, "Content-Length: 65536\r\n"));
    c.api.wait_for_heads(1);
    c.gate.freeze();
    client.send(body);
    c.gate.send_signal(SIGCONT);
    ASSERT_EQ(whole.get_future().wait_for(test_timeout), std::future_status::ready);
    client.reset();
    c.api.wait_for_closed(1);
}

// The gate finds the request and the reset in one poll: the request never reaches the API.
TEST(client_disconnect, keeps_a_request_that_was_reset_before_its_poll_from_the_api)
{
    calendar c;
    const auto descriptors = warm_descriptors(c);
    c.api.on("/public/thinks", [](upstream_exchange& x) { x.wait_for_close(); });
    auto client = c.connect();
    c.gate.freeze();
    client.send(get("/public/thinks"));
    client.reset();
    c.gate.send_signal(SIGCONT);
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "client-gone"; });
    EXPECT_EQ(line["status"], "0") << line.text;
    expect_tidy(c, descriptors);
    for (const auto& seen : c.api.requests())
        EXPECT_EQ(seen.target, "/public");
}

// Requests with new tokens queue for verification. Clients that leave meanwhile hold nobody up.
TEST(client_disconnect, frees_its_place_in_the_queue_for_verification)
{
    calendar c;
    const auto descriptors = warm_descriptors(c);
    c.api.on("/appointments", [](upstream_exchange& x) { x.wait_for_close(); });
    std::vector<raw_client> clients;
    c.gate.freeze();
    for (int i = 0; i < 50; ++i) {
        clients.push_back(c.connect());
        clients.back().send(get("/appointments", calendar_token("read:appointments x" + std::to_string(i))));
        clients.back().reset();
    }
    c.gate.send_signal(SIGCONT);
    const auto gone = [&] {
        const auto lines = c.gate.log();
        return std::count_if(lines.begin(), lines.end(),
                             [](const log_line& l) { return l["reason"] == "client-gone"; });
    };
    for (const auto end = std::chrono::steady_clock::now() + test_timeout;
         gone() < 50 && std::chrono::steady_clock::now() < end;)
        std::this_thread::yield();
    expect_tidy(c, descriptors);
    for (const auto& seen : c.api.requests())
        EXPECT_EQ(seen.target, "/public");
}

TEST(client_disconnect, is_noticed_within_the_request_body)
{
    const std::string rows[] = {
        request_text("POST", "/public", {}, "Content-Length: 100\r\n") + "half",
        request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n",
        request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\n") + "9\r\nha",
    };
    for (const auto& row : rows)
        for (const bool resets : {false, true}) {
            calendar c;
            const auto descriptors = warm_descriptors(c);
            auto client = c.connect();
            client.send(row);
            c.api.wait_for_heads(2);
            resets ? client.reset() : client.close();
            c.api.wait_for_closed(1);
            const auto half = c.api.wait_for_requests(2)[1];
            EXPECT_EQ(half.body.find("0\r\n"), std::string::npos);
            expect_tidy(c, descriptors);
        }
}

TEST(client_disconnect, is_noticed_within_the_response)
{
    calendar c;
    const auto descriptors = warm_descriptors(c);
    c.api.on("/public/large", [](upstream_exchange& x) {
        constexpr std::size_t piece = 65536;
        const std::string bytes(piece, 'x');
        x.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(piece * 2000) + "\r\n\r\n");
        for (int i = 0; i < 2000; ++i)
            x.send(bytes);
    });
    for (const bool resets : {false, true}) {
        auto client = c.connect();
        client.set_receive_buffer(4096);
        client.send(get("/public/large"));
        char some[1000];
        EXPECT_EQ(client.socket().receive(some, sizeof some).how, socket_handle::outcome::data);
        resets ? client.reset() : client.close();
    }
    c.api.wait_for_closed(2);
    expect_tidy(c, descriptors);
}

TEST(client_disconnect, is_noticed_within_a_head)
{
    calendar c;
    const auto descriptors = warm_descriptors(c);
    for (int i = 0; i < 20; ++i) {
        auto client = c.connect();
        client.send("GET /public HTTP/1.1\r\nHo");
        i % 2 == 0 ? client.reset() : client.close();
    }
    expect_tidy(c, descriptors);
    EXPECT_EQ(c.api.wait_for_requests(2).back().target, "/public");
}

TEST(client_disconnect, leaves_no_unread_bytes_for_the_next_client)
{
    calendar c;
    const auto mine = calendar_token("read:appointments");
    auto client = c.connect();
    client.send(get("/public", {}, "Connection: close\r\n") + get("/appointments/theirs", mine));
    EXPECT_EQ(client.read().status, 200U);
    EXPECT_TRUE(client.is_closed_clean());
    const auto next = c.exchange(get("/public/own"));
    EXPECT_EQ(json_member(next.body, "target"), "/public/own") << next;
    EXPECT_EQ(c.api.requests().size(), 2U);
}

TEST(client_disconnect, may_lose_requests_that_were_pipelined_behind_the_current_one)
{
    calendar c;
    const auto descriptors = warm_descriptors(c);
    c.api.on("/public/thinks", [](upstream_exchange& x) { x.wait_for_close(); });
    auto client = c.connect();
    client.send(get("/public/thinks") + get("/public/never"));
    c.api.wait_for_heads(2);
    client.reset();
    c.api.wait_for_closed(1);
    expect_tidy(c, descriptors);
    for (const auto& r : c.api.requests())
        EXPECT_NE(r.target, "/public/never");
}

} // namespace
} // namespace scopegate::test
