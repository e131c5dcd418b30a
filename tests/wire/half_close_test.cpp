// Clients that close their sending side after a request may be waiting for the response, or may have left.
#include "wire/tls_calendar.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <poll.h>
#include <sys/socket.h>

namespace scopegate::test {
namespace {

using namespace std::chrono_literals;

constexpr auto is_client_gone = [](const log_line& l) { return l["reason"] == "client-gone"; };

upstream_script never_answers()
{
    return [](upstream_exchange& x) { x.wait_for_close(); };
}

TEST(half_close, is_not_a_disconnect)
{
    calendar c;
    auto client = c.connect();
    client.send(get("/public"));
    client.half_close();
    EXPECT_EQ(client.read().status, 200U);
    EXPECT_TRUE(client.is_closed_clean());
}

TEST(half_close, waits_for_the_response_as_other_clients_do)
{
    for (const auto& request : {get("/public/slow"), request_text("POST", "/public/slow", {}, {}, "body")}) {
        calendar c;
        c.api.on("/public/slow", answers_when_released(ok("at last")));
        auto client = c.connect();
        client.send(request);
        client.half_close();
        EXPECT_EQ(client.read("GET", 1s).end, ending::late) << "the API has not responded yet";
        c.api.release();
        EXPECT_EQ(client.read_bytes(15), "HTTP/1.1 200 OK");
    }
}

TEST(half_close, waits_no_longer_than_the_upstream_timeout)
{
    calendar c({.timeouts = "upstream_response: 400ms"});
    c.api.on("/public/never", never_answers());
    auto client = c.connect();
    client.send(get("/public/never"));
    client.half_close();
    EXPECT_EQ(client.read().status, 504U);
}

TEST(half_close, has_a_timeout_of_its_own)
{
    calendar c({.timeouts = "half_closed: 400ms"});
    c.api.on("/public/never", never_answers());
    c.api.on("/public/pauses", [](upstream_exchange& x) {
        x.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf,");
        x.wait_for_close();
    });
    std::size_t closed = 0;
    for (const auto* path : {"/public/never", "/public/pauses"}) {
        auto client = c.connect();
        client.send(get(path));
        client.half_close();
        c.api.wait_for_closed(++closed);
        EXPECT_NE(client.read().end, ending::complete) << path;
        static_cast<void>(c.gate.wait_for_event("request", [&](const log_line& l) {
            return is_client_gone(l) && l["status"] == (path[8] == 'n' ? "0" : "200");
        }));
    }
}

// A closed browser tab must free its upstream at once. All timeouts are far longer than the test waits.
TEST(half_close, ends_exchanges_whose_response_nobody_can_wait_for)
{
    struct {
        std::string sentence, request, response;
    } const rows[] = {
        {"an event stream", get("/public/x"),
         "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"a body with a length", request_text("POST", "/public/x", {}, "Content-Length: 100\r\n") + "half",
         ""},
        {"a body in chunks",
         request_text("POST", "/public/x", {}, "Transfer-Encoding: chunked\r\n") + "5\r\nhe", ""},
        {"a body while the response has begun",
         request_text("POST", "/public/x", {}, "Content-Length: 100\r\n") + "half",
         "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf,"},
    };
    for (const auto& r : rows)
        for (const bool secured : {false, true}) {
            tls_calendar t;
            calendar plain;
            auto& c = secured ? t.c : plain;
            c.api.on("/public/x", [&](upstream_exchange& x) {
                x.send(r.response);
                x.wait_for_close();
            });
            auto client = plain.connect();
            auto over_tls = t.secured();
            secured ? over_tls.send(r.request) : client.send(r.request);
            c.api.wait_for_heads(1);
            if (secured)
                over_tls.send_close_notify();
            else
                client.half_close();
            c.api.wait_for_closed(1);
            EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "client-gone") << r.sentence << secured;
        }
}

TEST(half_close, is_noticed_under_tls_too)
{
    tls_calendar t({.timeouts = "half_closed: 400ms"});
    t.c.api.on("/public/never", never_answers());
    auto client = t.secured();
    client.send(get("/public/never"));
    client.send_close_notify();
    t.c.api.wait_for_closed(1);
    EXPECT_EQ(t.c.gate.wait_for_event("request")["reason"], "client-gone");
}

// An API that reads nothing, so that the gate does not read the client either.
class deaf_api : public testing::TestWithParam<bool> {
protected:
    deaf_api() { listener_.set_receive_buffer(4096); } // accepted sockets inherit it
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(listener_.port()); }
    // Returns whether the connection ends although the client's timeouts are far away.
    [[nodiscard]] static bool ends(const socket_handle& connection)
    {
        pollfd watched{connection.descriptor(), POLLRDHUP, 0};
        return ::poll(&watched, 1, static_cast<int>(std::chrono::milliseconds(test_timeout).count())) == 1;
    }
    // Sends as much as the socket takes without waiting, up to `most`.
    static std::size_t push(const raw_client& client, std::size_t most)
    {
        const std::string piece(65536, 'x');
        std::size_t sent = 0;
        while (sent < most) {
            pollfd writable{client.socket().descriptor(), POLLOUT, 0};
            if (::poll(&writable, 1, 500) != 1)
                break;
            const auto n = ::send(client.socket().descriptor(), piece.data(),
                                  std::min(piece.size(), most - sent), MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += n > 0 ? static_cast<std::size_t>(n) : 0;
        }
        return sent;
    }
    socket_handle listener_ = socket_handle::listen_at();
};

TEST_P(deaf_api, is_freed_at_once_when_an_uploading_client_leaves)
{
    const bool resets = GetParam();
    const gate_process gate({.upstream = url(), .timeouts = "body: 60s"});
    raw_client client(gate.address());
    client.send(request_text("POST", "/public", {}, "Content-Length: 100000000\r\n"));
    const socket_handle connection(::accept(listener_.descriptor(), nullptr, nullptr));
    // A reset overtakes unread bytes. A FIN arrives only when the client's kernel has sent everything before
    // it.
    push(client, resets ? 64'000'000 : 150'000);
    resets ? client.reset() : client.half_close();
    EXPECT_TRUE(ends(connection));
    EXPECT_EQ(gate.wait_for_event("request")["reason"], "client-gone");
}

INSTANTIATE_TEST_SUITE_P(half_close, deaf_api, testing::Bool(),
                         [](const auto& named) { return named.param ? "by_reset" : "by_half_close"; });

} // namespace
} // namespace scopegate::test
