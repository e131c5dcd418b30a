// The log lines of requests: the sender, the id, and the duration of each.
#include "support/calendar.hpp"
#include "support/tls_client.hpp"
#include "support/tls_files.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

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

// A head that ends early may lack the field that the proxy would have added.
TEST(request_log, trusts_no_field_of_a_head_that_is_refused_half_way)
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

// A request's time begins with its first byte, even if no whole request arrives.
TEST(request_log, states_how_long_an_incomplete_request_took)
{
    struct row {
        const char* sentence;
        std::string begun;
        std::string rest; // the test sends it 200 ms later
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
        static_cast<void>(client.read_bytes(1, std::chrono::milliseconds(200))); // no response comes yet
        client.send(row.rest);
        const auto id = json_member(client.read().body, "request_id");
        const auto line =
            c.gate.wait_for_event("request", [&](const log_line& l) { return l["request_id"] == id; });
        EXPECT_EQ(line["reason"], row.reason) << row.sentence;
        EXPECT_GE(std::stod(line["duration_ms"]), 190.0) << row.sentence << ": " << line.text;
    }
}

TEST(request_log, times_plain_http_on_a_tls_port_from_the_start_of_the_connection)
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
    // The gate accepts a little later than connect() returns.
    EXPECT_GE(std::stod(line["duration_ms"]), 100.0);
}

// Claims of a forged token reach the log only if the file asks for them.
TEST(request_log, shows_claims_of_a_refused_token_if_the_issuer_has_signed_it)
{
    const auto wrong = make_token(
        R"({"iss":"https://issuer.example.com/","aud":"https://other.example","exp":99999999999})");
    const auto foreign = make_token(R"({"iss":"https://evil.example","aud":"https://other.example"})");
    const auto number =
        make_token(R"({"iss":"https://issuer.example.com/","aud":"https://calendar.example.com",)"
                   R"("sub":42,"exp":99999999999})");
    const auto of = [](const char* reason) {
        return [reason](const log_line& l) { return l["reason"] == reason; };
    };
    {
        const calendar c;
        for (const auto& token : {wrong, foreign, number})
            EXPECT_EQ(c.exchange(get("/appointments", token)).status, 401U);
        const auto line = c.gate.wait_for_event("request", of("wrong-audience"));
        EXPECT_THAT(line.text, HasSubstr(R"("aud":"https://other.example")"));
        EXPECT_THAT(line.text, HasSubstr(R"("wanted":"https://calendar.example.com")"));
        EXPECT_THAT(c.gate.wait_for_event("request", of("unknown-issuer")).text, Not(HasSubstr("evil")));
        const auto malformed = c.gate.wait_for_event("request", of("malformed-token"));
        EXPECT_EQ(malformed["cause"], "sub-not-string");
        EXPECT_THAT(malformed.text, HasSubstr(R"("sub":"42")"));
    }
    gate_settings settings;
    settings.more = "log: {unverified: true}\n";
    const calendar c(settings);
    EXPECT_EQ(c.exchange(get("/appointments", foreign)).status, 401U);
    EXPECT_THAT(c.gate.wait_for_event("request", of("unknown-issuer")).text,
                HasSubstr(R"("unverified":{"alg":"RS256",)"));
}

TEST(request_log, counts_a_flood_of_refusals_in_one_line_a_second)
{
    const calendar c({.server = "trusted_proxies: [127.0.0.1]", .more = "log: {burst: 1}\n"});
    auto client = c.connect();
    std::size_t counted = 0;
    const auto flood_told = [&](const log_line& l) {
        counted += std::stoul(l["count"]);
        EXPECT_EQ(l["route"], "/appointments");
        EXPECT_EQ(l["reason"], "no-token");
        EXPECT_THAT(l.text, HasSubstr(R"("busiest":[{"client":"203.0.113.9","count":)"));
        return true;
    };
    // Two denials within one second are enough, and among so many, some two fall within one second.
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(client.exchange(get("/appointments", {}, "X-Forwarded-For: 203.0.113.9\r\n")).status, 401U);
    static_cast<void>(c.gate.wait_for_event("request_burst", flood_told));
    EXPECT_GE(counted, 1U);
}

TEST(request_log, counts_no_request_that_observe_mode_let_pass)
{
    const calendar c({.more = "log: {burst: 1}\nmode: observe\n"});
    auto client = c.connect();
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(client.exchange(get("/appointments")).status, 200U);
    std::size_t lines = 0;
    static_cast<void>(c.gate.wait_for_event("request", [&](const log_line& l) {
        EXPECT_EQ(l["observe"], "true");
        return ++lines == 20;
    }));
}

TEST(request_log, suppresses_handshake_failures_beyond_one_a_second)
{
    const tls_files files;
    const calendar c({.server = files.server_yaml(), .more = "log: {level: debug}\n"});
    for (int i = 0; i < 20; ++i) {
        auto client = c.connect();
        client.send(get("/public"));
        EXPECT_EQ(client.read().status, 400U);
    }
    const auto told =
        c.gate.wait_for_event("tls_failed", [](const log_line& l) { return !l["suppressed"].empty(); });
    EXPECT_GE(std::stoul(told["suppressed"]), 1U) << told.text;
}

TEST(request_log, names_the_template_closest_to_a_404)
{
    const calendar silent;
    static_cast<void>(silent.exchange(get("/apointments/hunter2?token=s3cret")));
    const auto line = silent.gate.wait_for_event("request");
    EXPECT_EQ(line["reason"], "no-route");
    EXPECT_EQ(line["near"], "/appointments/{id}") << line.text;
    EXPECT_EQ(line.text.find("hunter2"), std::string::npos) << line.text;

    const calendar c({.more = "log: {paths: unmatched}\n"});
    static_cast<void>(c.exchange(get("/apointments/%68unter2?token=s3cret")));
    const auto with_path = c.gate.wait_for_event("request");
    EXPECT_EQ(with_path["path"], "/apointments/hunter2") << with_path.text;
    EXPECT_EQ(with_path.text.find("s3cret"), std::string::npos) << with_path.text;
    static_cast<void>(c.exchange(get("/appointments/17")));
    const auto matched =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "no-token"; });
    EXPECT_EQ(matched["path"], "") << matched.text;
    static_cast<void>(c.exchange("GET /%2e%2e/x?y HTTP/1.1\r\nHost: a\r\n\r\n"));
    const auto refused =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "ambiguous-path"; });
    EXPECT_EQ(refused["path"], "/%2e%2e/x") << refused.text;
}

TEST(request_log, is_written_completely_when_the_gate_stops)
{
    calendar c({.more = "log: {burst: 1}\n"});
    auto client = c.connect();
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(client.exchange(get("/appointments")).status, 401U);
    EXPECT_EQ(c.gate.stop(), 0);
    std::size_t told = 0;
    for (const auto& l : c.gate.log())
        told += l["event"] == "request" ? 1 : l["event"] == "request_burst" ? std::stoul(l["count"]) : 0;
    EXPECT_EQ(told, 50U);
    EXPECT_EQ(c.gate.log().back()["event"], "stopped");
}

} // namespace
} // namespace scopegate::test
