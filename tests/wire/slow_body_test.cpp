// Bodies that come slowly. The gate averages over a minute, so the test takes a minute. It is a program of
// its own (slow), and all its clients send at the same time.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;

constexpr int ticks = 14;
constexpr auto tick = 5s;

// A client that sends `piece` at each tick, and the API's behavior meanwhile.
struct slow_client {
    std::string sentence;
    std::string path;
    std::string piece;
    upstream_script script;
    unsigned status; // of the response that it gets
};

// Sends `first`, then `each` for each piece that it receives, then `last`.
upstream_script takes_all(std::size_t piece, std::string first, std::string each, std::string last)
{
    return [=](upstream_exchange& x) {
        x.send(first);
        for (int i = 0; i < ticks; ++i) {
            static_cast<void>(x.receive(piece));
            x.send(each);
        }
        x.send(last);
        x.close();
    };
}

TEST(slow_body, is_cut_off_below_128_bytes_a_second_until_the_api_responds)
{
    const std::string closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\n";
    const std::string body(ticks, 'x');
    const upstream_script silent = [](upstream_exchange& x) { x.wait_for_close(); };
    const std::vector<slow_client> rows = {
        {"a byte every 5 s", "/public/trickle", "x", silent, 408},
        {"200 bytes a second", "/public/phone", std::string(1000, 'x'),
         takes_all(1000, {}, {}, closing + body), 200},
        {"a byte every 5 s once the API responds", "/public/early", "x", takes_all(1, closing, "x", {}), 200},
    };
    calendar c;
    std::vector<raw_client> clients;
    for (const auto& r : rows) {
        c.api.on(r.path, r.script);
        auto& client = clients.emplace_back(c.connect());
        const auto length = "Content-Length: " + std::to_string(ticks * r.piece.size()) + "\r\n";
        client.send(request_text("POST", r.path, {}, length));
    }
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < ticks; ++i) {
        for (std::size_t n = 0; n < rows.size(); ++n)
            clients[n].send(rows[n].piece);
        std::this_thread::sleep_until(began + (i + 1) * tick); // the clients' pace is under test
    }
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const auto answer = clients[n].read("POST");
        EXPECT_EQ(answer.status, rows[n].status) << rows[n].sentence << answer;
        EXPECT_EQ(answer.end, ending::complete) << rows[n].sentence << answer;
    }
    const auto late =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "408"; });
    EXPECT_EQ(late["reason"], "request-timeout");
    EXPECT_EQ(late["cause"], "slow-body") << late.text;
    EXPECT_NEAR(std::stod(late["duration_ms"]), 60'000, 2'000) << late.text;
}

} // namespace
} // namespace scopegate::test
