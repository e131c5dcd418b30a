#include "http/forward.hpp"
#include "support/allocations.hpp"
#include "support/field_lists.hpp"
#include "unit/http/outcome.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace scopegate::http {
namespace {

const std::vector<std::string> identity{"X-Auth-Subject", "X-Auth-Client", "X-Auth-Scopes"};

// Returns the forwarded runs, each in brackets with `;` for the end of a line, or the reason of a refusal.
template <class Head, class Rules>
std::string runs(const Head& head, const Rules& rules)
{
    std::string out;
    const auto ok = collect_forwarded(head, rules, [&](std::string_view run) {
        out += '[';
        for (const char c : run)
            if (c != '\r')
                out += c == '\n' ? ';' : c;
        out += ']';
    });
    if (ok.has_error()) {
        EXPECT_EQ(out, "") << "a refused head must not be forwarded in part";
        return test::outcome(ok);
    }
    return out;
}

std::string forwarded(const std::string& fields, request_rules rules = {})
{
    const auto data = "GET / HTTP/1.1\r\n" + fields + "\r\n";
    request_head head;
    EXPECT_TRUE(parse_request_head(data, {}, head)) << fields;
    rules.identity = identity;
    return runs(head, rules);
}

struct row {
    std::string fields;
    std::string_view outcome;
    std::string_view why;
};

TEST(forward, merges_adjacent_lines)
{
    const row rows[] = {
        {"", "", "no fields, no run"},
        {"Host: a\r\nAccept: b\r\nX: c\r\n", "[Host: a;Accept: b;X: c;]", "one run where nothing is dropped"},
        {"Host: a\r\nConnection: close\r\nX: c\r\nY: d\r\n", "[Host: a;][X: c;Y: d;]",
         "two around a dropped field"},
        {"Connection: close\r\nHost: a\r\n", "[Host: a;]", "dropped at the start"},
        {"Host: a\r\nConnection: close\r\n", "[Host: a;]", "dropped at the end"},
        {"Connection: close\r\nKeep-Alive: 5\r\n", "", "all dropped"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(forwarded(r.fields), r.outcome) << r.why;
}

TEST(forward, drops_hop_by_hop_fields_and_imitations)
{
    for (const auto* name : {"Connection",
                             "Keep-Alive",
                             "Proxy-Connection",
                             "TE",
                             "Trailer",
                             "Upgrade",
                             "HTTP2-Settings",
                             "Proxy-Authorization",
                             "Proxy-Authenticate",
                             "Content-Length",
                             "Transfer-Encoding",
                             "Expect",
                             "X-Original-URL",
                             "X-Rewrite-URL",
                             "Proxy",
                             "x_original_url",
                             "X_Rewrite-Url",
                             "X-Auth-Subject",
                             "x-auth-subject",
                             "X_Auth_Subject",
                             "x-AUTH_client",
                             "Forwarded",
                             "X-Forwarded-For",
                             "X-Forwarded-Proto",
                             "X-Forwarded-Host",
                             "X-Forwarded-Port",
                             "X-Forwarded-Prefix",
                             "X_Forwarded_Uri",
                             "X-Real-IP",
                             "X-Client-IP",
                             "True-Client-IP",
                             "Client-Cert",
                             "Client-Cert-Chain",
                             "Content_Length",
                             "Transfer_Encoding",
                             "Proxy_Authorization",
                             "X_Request_Id",
                             "Content_Type",
                             "Client_Cert",
                             "Sec_WebSocket_Protocol"})
        EXPECT_EQ(forwarded("A: a\r\n" + std::string(name) + ": 1\r\nB: b\r\n"), "[A: a;][B: b;]") << name;
    for (const auto* name : {"Host",
                             "Authorization",
                             "Cookie",
                             "DPoP",
                             "Via",
                             "X-Request-Id",
                             "Origin",
                             "Content-Type",
                             "Date",
                             "Server",
                             "Accept",
                             "Access-Control-Request-Method",
                             "Sec-WebSocket-Key",
                             "Sec-WebSocket-Protocol",
                             "traceparent",
                             "X-Auth-Subjects",
                             "X-Forwards",
                             "Warning",
                             "Range",
                             "My_Own"})
        EXPECT_EQ(forwarded("A: a\r\n" + std::string(name) + ": 1\r\n"),
                  "[A: a;" + std::string(name) + ": 1;]")
            << name;
}

TEST(forward, drops_fields_of_proxies_unless_the_peer_is_trusted)
{
    request_rules trusting;
    trusting.peer_trusted = true;
    for (const std::string name : test::proxy_claims) {
        const auto line = name + ": 1\r\n";
        EXPECT_EQ(forwarded("A: a\r\n" + line), "[A: a;]") << name;
        EXPECT_EQ(forwarded(line, trusting), "[" + name + ": 1;]") << name;
        EXPECT_EQ(forwarded("Connection: " + name + "\r\n" + line, trusting), "!malformed-request") << name;
        auto imitation = name;
        std::replace(imitation.begin(), imitation.end(), '-', '_');
        EXPECT_EQ(forwarded("A: a\r\n" + imitation + ": 1\r\n", trusting), "[A: a;]") << imitation;
    }
    for (const std::string name : test::target_overrides) {
        EXPECT_EQ(forwarded("A: a\r\n" + name + ": 1\r\n"), "[A: a;]") << name;
        EXPECT_EQ(forwarded("A: a\r\n" + name + ": 1\r\n", trusting), "[A: a;]") << name;
    }
}

TEST(forward, keeps_only_the_configured_certificate_of_trusted_peers)
{
    const struct {
        const char* name;
        bool trusted;
        std::string fields;
        std::string_view outcome;
        std::string_view why;
    } rows[] = {
        {"X-Forwarded-Client-Cert", true, "X-Forwarded-Client-Cert: a\r\nx-forwarded-client-cert: b\r\n",
         "[X-Forwarded-Client-Cert: a;x-forwarded-client-cert: b;]", "the configured one goes on as it came"},
        {"X-Forwarded-Client-Cert", true, "Client-Cert: a\r\nClient-Cert-Chain: a\r\nX-SSL-Cert: a\r\n", "",
         "its client may have made up the others"},
        {"X-Forwarded-Client-Cert", true, "X-Forwarded-Client_Cert: a\r\n", "", "a spelling with _"},
        {"X-Forwarded-Client-Cert", true, "X-Forwarded-For: a\r\n", "[X-Forwarded-For: a;]",
         "other statements pass"},
        {"Client-Cert", true, "Client-Cert: a\r\nX-Forwarded-Client-Cert: b\r\n", "[Client-Cert: a;]",
         "the default header, configured"},
        {"X-My-Cert", true, "X-My-Cert: a\r\nX_My_Cert: b\r\n", "[X-My-Cert: a;]", "a name of the operator"},
        {"X-My-Cert", false, "A: a\r\nX-My-Cert: a\r\nX_MY-cert: b\r\nX-My-Cert2: c\r\n",
         "[A: a;][X-My-Cert2: c;]", "nobody else may send it, in any spelling"},
        {"X-My-Cert", true, "Connection: x-my-cert\r\nX-My-Cert: a\r\n", "!malformed-request",
         "the client removes what the proxy states"},
        {"X-My-Cert", false, "Connection: x-my-cert\r\nX-My-Cert: a\r\n", "", "it is dropped anyway"},
        {"X-Auth-Subject", true, "X-Auth-Subject: a\r\n", "", "an identity header is never a client's"},
    };
    for (const auto& row : rows) {
        request_rules rules;
        rules.peer_trusted = row.trusted;
        rules.certificate = row.name;
        EXPECT_EQ(forwarded(row.fields, rules), row.outcome) << row.why;
    }
    for (const std::string name : test::certificate_claims) {
        request_rules rules;
        rules.peer_trusted = true;
        rules.certificate = "X-My-Cert";
        EXPECT_EQ(forwarded("A: a\r\n" + name + ": 1\r\n", rules), "[A: a;]") << name;
    }
}

TEST(forward, believes_trusted_peers)
{
    request_rules rules;
    rules.peer_trusted = true;
    EXPECT_EQ(forwarded("Forwarded: for=a\r\nX-Forwarded-For: b\r\nX-Forwarded-Port: 1\r\nX-Real-IP: c\r\n"
                        "Client-Cert: d\r\n",
                        rules),
              "[Forwarded: for=a;X-Forwarded-For: b;X-Forwarded-Port: 1;X-Real-IP: c;Client-Cert: d;]");
    EXPECT_EQ(forwarded("X_Forwarded_For: 127.0.0.1\r\nX-Forwarded-For: b\r\n", rules),
              "[X-Forwarded-For: b;]")
        << "a client may have smuggled the CGI spelling past the proxy";
    EXPECT_EQ(forwarded("X-Auth-Subject: admin\r\n", rules), "")
        << "not even a trusted proxy may set the identity";
    EXPECT_EQ(forwarded("Connection: close, X-Forwarded-For\r\nX-Forwarded-For: b\r\n", rules),
              "!malformed-request")
        << "a client cannot remove a proxy's fields by naming them";
    EXPECT_EQ(forwarded("X-Forwarded-For: b\r\nConnection: client-cert\r\nClient-Cert: b\r\n", rules),
              "!malformed-request");
    EXPECT_EQ(forwarded("Connection: X-Forwarded-For\r\nA: b\r\n", rules), "[A: b;]")
        << "without a field of that name";
}

TEST(forward, drops_fields_that_connection_names)
{
    const row rows[] = {
        {"Connection: X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\n", "[X-End: 2;]", "a hop's own field"},
        {"X-Hop: 1\r\nX-End: 2\r\nConnection: close, x-HOP\r\n", "[X-End: 2;]",
         "in any letter case, wherever it is"},
        {"Connection: a\r\nA: 1\r\nB: 2\r\nConnection: b\r\nC: 3\r\n", "[C: 3;]", "in two fields"},
        {"Connection: X-Auth-Subject\r\nX-Auth-Subject: admin\r\n", "", "identity goes in any case"},
        {"Connection: Authorization, Cookie\r\nAuthorization: a\r\nCookie: b\r\n", "", "credentials too"},
        {"Connection: upgrade\r\nUpgrade: h2c\r\n", "", "h2c"},
        {"Connection: close\r\nClose: 1\r\n", "[Close: 1;]", "plain options name no field"},
        {"Connection: X-HTTP-Method\r\nX-HTTP-Method: DELETE\r\n", "",
         "what it names goes before all else is judged"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(forwarded(r.fields), r.outcome) << r.why;
    std::string names = "Connection: close";
    for (std::size_t i = 0; i < connection_names::max; ++i)
        names += ", n" + std::to_string(i);
    EXPECT_EQ(forwarded(names + "\r\nN31: 1\r\n"), "");
    EXPECT_EQ(forwarded(names + ", one-more\r\n"), "!malformed-request");
    EXPECT_EQ(forwarded(names + "\r\nConnection: one-more\r\n"), "!malformed-request");
}

TEST(forward, refuses_another_method)
{
    for (const std::string name : {"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
                                   "x_http_method_override", "X_HTTP_Method", "X-Method_Override"}) {
        EXPECT_EQ(forwarded(name + ": DELETE\r\nA: b\r\n"), "!method-override") << name;
        EXPECT_EQ(forwarded("A: b\r\n" + name + ": GET, DELETE\r\n"), "!method-override") << name;
        EXPECT_EQ(forwarded(name + ": GET\r\nA: b\r\n"), "[A: b;]") << name;
        EXPECT_EQ(forwarded(name + ": get\r\nA: b\r\n"), "[A: b;]") << name;
        EXPECT_EQ(forwarded(name + ":\r\nA: b\r\n"), "[A: b;]") << name;
    }
}

TEST(forward, leaves_out_fields_that_the_calling_code_writes_itself)
{
    request_rules rules;
    rules.also_drop = {field_id::authorization, field_id::dpop, field_id::host};
    EXPECT_EQ(forwarded("Host: a\r\nAuthorization: DPoP x\r\nDPoP: y\r\nA: b\r\n", rules), "[A: b;]");
}

TEST(forward, passes_the_upgrade_of_a_tunnel)
{
    request_rules rules;
    rules.websocket = true;
    EXPECT_EQ(forwarded("Connection: Upgrade\r\nUpgrade: websocket\r\nHTTP2-Settings: a\r\n", rules),
              "[Upgrade: websocket;]");
}

std::string answered(const std::string& fields, const response_rules& rules = {})
{
    const auto data = "HTTP/1.1 200 OK\r\n" + fields + "\r\n";
    response_head head;
    EXPECT_TRUE(parse_response_head(data, {}, head)) << fields;
    return runs(head, rules);
}

TEST(forward, drops_only_hop_by_hop_fields_of_responses)
{
    EXPECT_EQ(
        answered("Server: a\r\nContent-Length: 5\r\nDate: b\r\nContent-Type: c\r\nX-Auth-Subject: d\r\n"
                 "Set-Cookie: e\r\nX_Request_Id: f\r\nVia: g\r\n"),
        "[Server: a;][Date: b;Content-Type: c;X-Auth-Subject: d;Set-Cookie: e;X_Request_Id: f;Via: g;]");
    EXPECT_EQ(
        answered("Connection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: a\r\nTransfer-Encoding: chunked\r\n"
                 "Content_Length: 5\r\nUpgrade: h2c\r\nTrailer: X\r\nProxy-Authenticate: Basic\r\n"),
        "");
    response_rules rules;
    rules.trailers = true;
    EXPECT_EQ(answered("Trailer: X\r\n", rules), "[Trailer: X;]");
    rules.websocket = true;
    EXPECT_EQ(answered("Upgrade: websocket\r\nConnection: upgrade\r\n", rules), "[Upgrade: websocket;]");
    rules.also_drop = {field_id::via, field_id::trailer};
    EXPECT_EQ(answered("Via: a\r\nTrailer: X\r\nA: b\r\n", rules), "[A: b;]");
    std::string names = "Connection: a";
    for (std::size_t i = 0; i < connection_names::max; ++i)
        names += ", n" + std::to_string(i);
    EXPECT_EQ(answered(names + "\r\n"), "!upstream-bad-answer");
}

TEST(forward, passes_trailers_that_belong_to_the_body)
{
    field_list fields;
    ASSERT_TRUE(parse_field_lines(
        "X-Checksum: 1\r\nGrpc-Status: 0\r\nContent-Length: 5\r\nHost: a\r\nX_Auth_Subject: b\r\n"
        "Connection: c\r\nAuthorization: d\r\nTransfer_Encoding: e\r\nContent-Type: f\r\n",
        0, fields));
    std::string kept;
    for_each_run(
        fields, [](const field& f) { return keeps_trailer(f, identity); },
        [&](std::string_view run) { kept += run; });
    EXPECT_EQ(kept, "X-Checksum: 1\r\nGrpc-Status: 0\r\n");
}

TEST(forward, allocates_nothing)
{
    const std::string data =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\nX-Hop: b\r\nA: c\r\n\r\n";
    request_head head;
    ASSERT_TRUE(parse_request_head(data, {}, head));
    request_rules rules;
    rules.identity = identity;
    std::size_t bytes = 0;
    const test::allocation_scope allocations;
    ASSERT_TRUE(collect_forwarded(head, rules, [&](std::string_view run) { bytes += run.size(); }));
    EXPECT_EQ(allocations.count(), 0U);
    EXPECT_EQ(bytes, std::string_view("Host: a\r\nA: c\r\n").size());
}

} // namespace
} // namespace scopegate::http
