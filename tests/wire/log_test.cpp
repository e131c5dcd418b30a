// The lines of requests in the log: the sender, the id, and the time that each took.
#include "support/calendar.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::MatchesRegex;

TEST(request_log, names_the_peer_and_the_address_that_a_trusted_proxy_names)
{
    struct row {
        const char* sentence;
        const char* server;
        std::string fields;
        const char* client;
        const char* forwarded_for;
    };
    const std::string spoofed = "X-Forwarded-For: 198.51.100.1, 203.0.113.9\r\n";
    const row rows[] = {
        {"nobody is trusted", "", spoofed, "127.0.0.1", ""},
        {"the peer is trusted", "trusted_proxies: [127.0.0.1]", spoofed, "127.0.0.1", "203.0.113.9"},
        {"and names nobody", "trusted_proxies: [127.0.0.1]", "", "127.0.0.1", ""},
        {"by a PROXY header", "trusted_proxies: [127.0.0.1], proxy_protocol: true", "", "192.0.2.7", ""},
        {"a PROXY header names a trusted proxy",
         "trusted_proxies: [127.0.0.1, 192.0.2.7], proxy_protocol: true", spoofed, "192.0.2.7",
         "203.0.113.9"},
    };
    for (const auto& row : rows) {
        const calendar c({.server = row.server});
        const bool by_balancer = std::string(row.server).find("proxy_protocol") != std::string::npos;
        const std::string header = by_balancer ? "PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\n" : "";
        c.exchange(header + get("/appointments", {}, row.fields));
        const auto line = c.gate.wait_for_event("request");
        EXPECT_EQ(line["client"], row.client) << row.sentence << line.text;
        EXPECT_EQ(line["forwarded_for"], row.forwarded_for) << row.sentence;
    }
}

// The proxy's own field may be missing of a head that ends early.
TEST(request_log, believes_no_field_of_a_head_that_is_refused_half_way)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.1]"});
    c.exchange("GET /public HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.9\r\nX-Request-Id: abc\r\n"
               "Bad Field: x\r\n\r\n");
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["reason"], "malformed-request");
    EXPECT_EQ(line["client"], "127.0.0.1") << line.text;
    EXPECT_EQ(line["forwarded_for"], "");
    EXPECT_THAT(line["request_id"], MatchesRegex("[0-9a-f]{32}"));
}

TEST(request_log, keeps_the_id_of_a_client_beside_our_own)
{
    const calendar c;
    const auto refused = c.exchange(get("/appointments", {}, "X-Request-Id: mine-1\r\n"));
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["client_request_id"], "mine-1") << line.text;
    EXPECT_THAT(line["request_id"], MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(line["request_id"], json_member(refused.body, "request_id"));
    for (const auto* bad : {"a b", "<script>", "", "x\"y"}) {
        const auto id = json_member(
            c.exchange(get("/appointments", {}, "X-Request-Id: " + std::string(bad) + "\r\n")).body,
            "request_id");
        const auto with_bad =
            c.gate.wait_for_event("request", [&](const log_line& l) { return l["request_id"] == id; });
        EXPECT_EQ(with_bad.text.find("client_request_id"), std::string::npos) << with_bad.text;
    }
}

// A request's time begins with its first byte, also where no request came of it.
TEST(request_log, tells_how_long_an_unread_request_really_took)
{
    struct row {
        const char* sentence;
        std::string begun;
        std::string rest; // sent 200 ms later
        const char* reason;
    };
    const row rows[] = {
        {"a slow head", "GET /public HT", "", "request-timeout"},
        {"a malformed one", "GET /public HTTP/1.1\r\n", "Bad Field: x\r\n\r\n", "malformed-request"},
        {"one too large", "GET /public HTTP/1.1\r\nHost: a\r\n", "X: " + std::string(5000, 'x') + "\r\n\r\n",
         "headers-too-large"},
        {"one whose framing is refused", "GET /public HTTP/1.1\r\nHost: a\r\n",
         "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "ambiguous-framing"},
        {"one without a token", "GET /appointments HTTP/1.1\r\nHost: a\r\n", "\r\n", "no-token"},
    };
    const calendar c({.limits = "headers: 4KiB", .timeouts = "headers: 500ms"});
    for (const auto& row : rows) {
        auto client = c.connect();
        client.send(row.begun);
        static_cast<void>(client.read_bytes(1, std::chrono::milliseconds(200))); // nothing comes yet
        client.send(row.rest);
        const auto id = json_member(client.read().body, "request_id");
        const auto line =
            c.gate.wait_for_event("request", [&](const log_line& l) { return l["request_id"] == id; });
        EXPECT_EQ(line["reason"], row.reason) << row.sentence;
        EXPECT_GE(std::stod(line["duration_ms"]), 190.0) << row.sentence << ": " << line.text;
    }
}

TEST(request_log, times_plain_http_on_a_tls_port_from_the_connection_on)
{
    const tls_files files;
    const calendar c({.server = files.server_yaml()});
    auto client = c.connect();
    static_cast<void>(client.read_bytes(1, std::chrono::milliseconds(200)));
    client.send(get("/public", {}, "X-Request-Id: mine-1\r\n"));
    EXPECT_EQ(client.read().status, 400U);
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["client"], "127.0.0.1") << line.text;
    EXPECT_EQ(line["method"], "");
    EXPECT_GE(std::stod(line["duration_ms"]), 190.0);
}

} // namespace
} // namespace scopegate::test
