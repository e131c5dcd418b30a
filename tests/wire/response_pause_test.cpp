// Pauses within a response's body may be longer than those within a request's. The log names a pause that is
// too long.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;

std::string head(std::string_view type)
{
    return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\nTransfer-Encoding: chunked\r\n\r\n";
}

TEST(response_pause, is_not_bounded_by_the_pause_of_a_request)
{
    calendar c({.timeouts = "body: 300ms"});
    std::vector<raw_client> clients;
    for (const std::string type :
         {"application/x-ndjson", "application/json", "multipart/x-mixed-replace; boundary=b"}) {
        const auto path = "/public/" + std::to_string(clients.size());
        c.api.on(path, [type](upstream_exchange& x) {
            x.send(head(type) + "5\r\nline1\r\n");
            x.wait_for_release();
            x.send("5\r\nline2\r\n0\r\n\r\n");
        });
        clients.push_back(c.connect());
        clients.back().send(get(path));
        std::string begun;
        while (!begun.ends_with("line1\r\n"))
            begun += clients.back().read_bytes(1);
    }
    EXPECT_EQ(clients.front().read_bytes(1, 1s), "") << "the connection is closed";
    c.api.release();
    for (auto& client : clients)
        EXPECT_EQ(client.read_bytes(15), "5\r\nline2\r\n0\r\n\r\n");
}

TEST(response_pause, is_an_upstream_timeout_when_it_is_too_long)
{
    struct {
        std::string timeouts;
        std::chrono::milliseconds least;
    } const rows[] = {{"upstream_response: 300ms", 250ms},
                      {"upstream_response: 100ms, response_pause: 900ms", 850ms}};
    for (const auto& r : rows) {
        calendar c({.timeouts = r.timeouts});
        c.api.on("/public/rests", [](upstream_exchange& x) {
            x.send(head("application/json") + "5\r\nline1\r\n");
            x.wait_for_close();
        });
        auto client = c.connect();
        const auto begin = std::chrono::steady_clock::now();
        client.send(get("/public/rests"));
        const auto answer = client.read();
        EXPECT_EQ(answer.end, ending::cut) << answer;
        EXPECT_EQ(answer.body, "line1");
        EXPECT_GE(std::chrono::steady_clock::now() - begin, r.least) << r.timeouts;
        const auto line = c.gate.wait_for_event("request");
        EXPECT_EQ(line["reason"], "upstream-timeout") << line.text;
        EXPECT_EQ(line["status"], "200") << line.text;
    }
}

} // namespace
} // namespace scopegate::test
