// Issuers with many tenants, what an issuer may grant, and JWTs that are introspected too: the real program
// against authorization servers on loopback.
#include "support/calendar.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/tenant_server.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <ctime>

namespace scopegate::test {
namespace {

using jose::algorithm;
using testing::HasSubstr;
using testing::Not;

std::string claims_of(const std::string& issuer, const std::string& scope, const std::string& more = {})
{
    const auto now = static_cast<std::int64_t>(std::time(nullptr));
    return R"({"iss":")" + issuer + R"(","aud":"api","sub":"ada","scope":")" + scope + R"(","iat":)" +
           std::to_string(now - 10) + R"(,"exp":)" + std::to_string(now + 600) + more + "}";
}

std::string token_of(const std::string& issuer, const std::string& scope = "read:appointments",
                     const std::string& more = {})
{
    return make_token(claims_of(issuer, scope, more), algorithm::es256);
}

std::string outcome(const calendar& gate, const std::string& token, const std::string& path = "/appointments")
{
    const auto answer = gate.exchange(get(path, token));
    const auto type = json_member(answer.body, "type");
    constexpr std::string_view prefix = "urn:scopegate:problem:";
    return type.starts_with(prefix) ? type.substr(prefix.size()) : std::to_string(answer.status);
}

// Waits until each issuer of the file has keys.
void wait_for_keys(const calendar& gate)
{
    const auto end = std::chrono::steady_clock::now() + test_timeout;
    while (gate.ask_admin("/readyz").status != 200 && std::chrono::steady_clock::now() < end)
        continue;
}

// Returns the calendar with one more issuer, which has tenants.
gate_settings with_tenants(const tenant_server& server, const std::string& more)
{
    gate_settings s;
    s.issuer = "grants: ['*']\n  - {issuer: \"" + server.pattern() + "\", audience: api, " + more + "}\n";
    return s;
}

TEST(tenants, differ_in_headers_and_in_the_log)
{
    tenant_server server;
    server.serve("one", jwk_set_text({algorithm::es256}), server.pattern());
    server.serve("two", jwk_set_text({algorithm::es256}));
    const calendar gate(with_tenants(server, "tenants: any, grants: [read:appointments]"));
    for (const auto* tenant : {"one", "two"}) {
        const auto seen = gate.forwarded(get("/appointments", token_of(server.name_of(tenant))));
        EXPECT_EQ(seen.value("X-Auth-Issuer"), server.name_of(tenant));
        EXPECT_EQ(seen.value("X-Auth-Scopes"), "read:appointments");
    }
    const auto both = token_of(server.name_of("one"), "read:appointments write:appointments");
    const auto refused = gate.exchange("POST /appointments HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                                       "Authorization: Bearer " +
                                       both + "\r\n\r\n");
    EXPECT_EQ(json_member(refused.body, "type"), "urn:scopegate:problem:scope-limited") << refused;
    const auto line =
        gate.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "scope-limited"; });
    EXPECT_EQ(line["cause"], "scope-not-granted") << line.text;
    EXPECT_EQ(line["issuer"], server.name_of("one"));
}

TEST(tenants, made_up_tenants_do_not_delay_known_ones)
{
    tenant_server server;
    server.serve("good", jwk_set_text({algorithm::es256}));
    const calendar gate(with_tenants(server, "tenants: any, grants: ['*']"));
    EXPECT_EQ(outcome(gate, token_of(server.name_of("good"))), "200");
    std::size_t too_many = 0;
    for (int i = 0; i < 150; ++i) {
        const auto tenant = "t" + std::to_string(i);
        server.refuse(tenant);
        const auto got = outcome(gate, token_of(server.name_of(tenant)));
        too_many += got == "key-pending" ? 1 : 0;
        EXPECT_TRUE(got == "unknown-issuer" || got == "key-pending") << got;
    }
    EXPECT_GT(too_many, 0U);
    EXPECT_LE(server.discoveries(), 122U) << "120 a minute";
    EXPECT_EQ(outcome(gate, token_of(server.name_of("good"), "read:appointments", R"(,"jti":"2")")), "200");
    EXPECT_EQ(server.discoveries("good"), 1U);
    EXPECT_EQ(outcome(gate, token_of(server.name_of("t0"))), "unknown-issuer") << "remembered";
    EXPECT_EQ(server.discoveries("t0"), 1U);
}

TEST(tenants, that_are_listed_are_the_only_ones)
{
    tenant_server server;
    server.serve("one", jwk_set_text({algorithm::es256}));
    server.serve("two", jwk_set_text({algorithm::es256}), server.name_of("{tenantid}"));
    server.serve("three", jwk_set_text({algorithm::es256}));
    auto settings = with_tenants(server, "tenants: [one, two], grants: ['*']");
    settings.more = "metadata: {resource: https://calendar.example.com}\n";
    const calendar gate(settings);
    wait_for_keys(gate);
    EXPECT_EQ(outcome(gate, token_of(server.name_of("one"))), "200");
    EXPECT_EQ(outcome(gate, token_of(server.name_of("two"))), "200");
    EXPECT_EQ(outcome(gate, token_of(server.name_of("three"))), "unknown-issuer");
    EXPECT_EQ(outcome(gate, token_of(server.name_of("one"), "read:appointments", R"(,"tid":"two")")),
              "wrong-claim");
    EXPECT_EQ(server.discoveries("three"), 0U);
    const auto document = gate.exchange(get("/.well-known/oauth-protected-resource")).body;
    EXPECT_THAT(document, HasSubstr(server.name_of("one")));
    EXPECT_THAT(document, HasSubstr(server.name_of("two")));
}

TEST(tenants, any_tenants_are_not_in_the_metadata)
{
    const tenant_server server;
    auto settings = with_tenants(server, "tenants: any, grants: ['*']");
    settings.more = "metadata: {resource: https://calendar.example.com}\n";
    const calendar gate(settings);
    const auto document = gate.exchange(get("/.well-known/oauth-protected-resource")).body;
    EXPECT_THAT(document, Not(HasSubstr("tenant")));
    EXPECT_THAT(document, HasSubstr("authorization_servers"));
}

TEST(tenants, can_be_named_by_a_route)
{
    tenant_server server;
    for (const auto* tenant : {"one", "two"})
        server.serve(tenant, jwk_set_text({algorithm::es256}));
    auto settings = with_tenants(server, "tenants: any, grants: ['*']");
    settings.routes =
        "scopes: {read:appointments: Read}\nroutes:\n  /one: {GET: {scopes: authenticated, issuer: [\"" +
        server.name_of("one") + "\"]}}\n";
    const calendar gate(settings);
    EXPECT_EQ(outcome(gate, token_of(server.name_of("one")), "/one"), "200");
    EXPECT_EQ(outcome(gate, token_of(server.name_of("two")), "/one"), "condition-failed");
}

gate_settings introspecting(const introspection_endpoint& endpoint, const tenant_server& server,
                            const std::string& more)
{
    gate_settings s;
    s.issuer = "grants: ['*']\n  - {issuer: \"" + server.name_of("one") +
               "\", audience: api, grants: ['*'], keys: \"" + server.keys_url("one") +
               "\", introspection: {url: \"" + endpoint.url() +
               "\", client_id: gate, client_secret: s, also: jwt" + more + "}}\n";
    return s;
}

TEST(introspected_jwt, is_refused_once_it_is_revoked)
{
    tenant_server server;
    introspection_endpoint endpoint;
    server.serve("one", jwk_set_text({algorithm::es256}));
    const calendar gate(introspecting(endpoint, server, ", cache: 0"));
    wait_for_keys(gate);
    const auto token = token_of(server.name_of("one"));
    endpoint.knows(token, R"({"active":true})");
    EXPECT_EQ(outcome(gate, token), "200");
    EXPECT_EQ(outcome(gate, token), "200");
    EXPECT_EQ(endpoint.calls(token), 2U);
    endpoint.knows(token, R"({"active":false})");
    EXPECT_EQ(outcome(gate, token), "token-inactive");
    const auto forged =
        make_token(claims_of(server.name_of("one"), "read:appointments"), other_key_for(algorithm::es256));
    EXPECT_NE(outcome(gate, forged), "200");
    EXPECT_EQ(endpoint.calls(forged), 0U) << "a forged token is not shown to the endpoint";
}

TEST(introspected_jwt, needs_a_signed_result_if_the_file_says_so)
{
    tenant_server server;
    introspection_endpoint endpoint;
    server.serve("one", jwk_set_text({algorithm::es256}));
    const calendar gate(introspecting(endpoint, server, ", signed: true"));
    wait_for_keys(gate);
    const auto result = [&](const std::string& client, const std::string& typ) {
        json::object header;
        header.emplace_back("typ", json::value(typ));
        return make_token(
            R"({"iss":")" + server.name_of("one") + R"(","aud":")" + client + R"(","iat":)" +
                std::to_string(std::time(nullptr)) +
                R"(,"token_introspection":{"active":true,"scope":"read:appointments","aud":"api"}})",
            algorithm::es256, header);
    };
    struct {
        const char* sentence;
        std::string token, result, outcome;
    } const rows[] = {
        {"a signed result", token_of(server.name_of("one")), result("gate", "token-introspection+jwt"),
         "200"},
        {"an opaque token", "opaque", result("gate", "token-introspection+jwt"), "200"},
        {"an unsigned result", "opaque-2", R"({"active":true,"aud":"api"})", "introspection-unavailable"},
        {"another client's", "opaque-3", result("other", "token-introspection+jwt"),
         "introspection-unavailable"},
        {"an access token in its place", "opaque-4", result("gate", "at+jwt"), "introspection-unavailable"},
    };
    for (const auto& row : rows) {
        endpoint.knows(row.token, row.result);
        EXPECT_EQ(outcome(gate, row.token), row.outcome) << row.sentence;
    }
    EXPECT_EQ(endpoint.requests().at(0).value("Accept"), "application/token-introspection+jwt");
}

} // namespace
} // namespace scopegate::test
