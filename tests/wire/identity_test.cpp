// The API identifies the client by fields that Scopegate sets. Clients try to set them first.
#include "support/calendar.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

TEST(identity, reaches_the_api_in_our_fields)
{
    calendar c;
    const auto token = calendar_token("openid read:appointments profile");
    const auto seen = c.forwarded(get("/appointments", token, "Host2: x\r\ntraceparent: 00-1-2-3\r\n"));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada") << seen;
    EXPECT_EQ(seen.value("X-Auth-Client"), "agenda");
    EXPECT_EQ(seen.value("X-Auth-Scopes"), "read:appointments"); // only scopes that routes.yaml declares
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
    EXPECT_EQ(seen.value("Host"), "calendar.example.com");
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1");
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "http");
    EXPECT_EQ(seen.value("X-Forwarded-Host"), "calendar.example.com");
    EXPECT_EQ(seen.value("Via"), "1.1 scopegate");
    EXPECT_EQ(seen.value("traceparent"), "00-1-2-3");
    EXPECT_THAT(seen.value("X-Request-Id"), MatchesRegex("[A-Za-z0-9._-]{8,128}"));
}

TEST(identity, names_azp_as_the_client_without_a_client_id)
{
    calendar c;
    const auto claims =
        R"({"iss":"https://issuer.example.com/","aud":"https://calendar.example.com","exp":4102444800,)"
        R"("sub":"ada","azp":"auth0-app"})";
    const auto token = make_token(claims, jose::algorithm::es256);
    const auto seen = c.forwarded(get("/any", token));
    EXPECT_EQ(seen.value("X-Auth-Client"), "auth0-app") << seen;
    EXPECT_EQ(seen.value("X-Auth-Scopes"), "");
}

TEST(identity, arrives_in_the_form_that_the_file_chose)
{
    calendar c({.upstream_more =
                    "headers: {X-Plain: name, X-Name: {claim: name, encode: percent}, "
                    "X-B64: {claim: name, encode: base64url}, X-Json: {claim: name, encode: json}, "
                    "X-Groups: {claim: groups, list: comma}, X-List: {claim: groups, list: json}, "
                    "X-Default: groups, X-Address: {claim: address, encode: json}}"});
    const auto token =
        calendar_token("read:appointments", ",\"name\":\"Cem \\u00d6zdemir\",\"groups\":[\"Domain Users\","
                                            "\"admins\"],\"address\":{\"country\":\"T\\u00fcrkiye\"}");
    const auto seen = c.forwarded(get("/any", token, "X-Name: root\r\nx_groups: root\r\n"));
    EXPECT_EQ(seen.value("X-Plain"), "Cem \xC3\x96zdemir") << seen;
    EXPECT_EQ(seen.value("X-Name"), "Cem%20%C3%96zdemir");
    EXPECT_EQ(seen.value("X-B64"), "Q2VtIMOWemRlbWly");
    EXPECT_EQ(seen.value("X-Json"), R"("Cem \u00d6zdemir")");
    EXPECT_EQ(seen.value("X-Groups"), "Domain Users, admins");
    EXPECT_EQ(seen.value("X-List"), R"(["Domain Users","admins"])");
    EXPECT_EQ(seen.value("X-Address"), R"({"country":"T\u00fcrkiye"})");
    EXPECT_FALSE(seen.has("X-Default")) << "an element has a space";
    const auto line = c.gate.wait_for_event("identity_header_left_out");
    EXPECT_EQ(line["header"], "X-Default") << line.text;
    EXPECT_EQ(line["value"], "") << line.text;
}

TEST(identity, never_lets_a_token_inject_a_line)
{
    calendar c({.upstream_more =
                    "headers: {X-A: name, X-B: {claim: name, encode: percent}, "
                    "X-C: {claim: name, encode: base64url}, X-D: {claim: name, encode: json}, "
                    "X-E: {claim: name, list: comma}, X-F: {claim: name, list: json}, X-G: sub}"});
    for (const auto* name : {R"("a\r\nX-Admin: 1")", R"("a\nb")", R"("a\u0000")", R"("\u0085")",
                             R"(["a","\r"])", R"({"a\n":1})"}) {
        const auto seen = c.forwarded(get("/any", calendar_token("", std::string(",\"name\":") + name)));
        for (const auto* field : {"X-A", "X-B", "X-C", "X-D", "X-E", "X-F", "X-Admin"})
            EXPECT_FALSE(seen.has(field)) << field << seen;
        EXPECT_EQ(seen.value("X-G"), "ada") << "the other headers arrive";
    }
    for (const auto* name : {R"("\ud800")", "\"\xFF\"", "\"\xED\xA0\x80\""}) // no text at all
        EXPECT_EQ(c.exchange(get("/any", calendar_token("", std::string(",\"name\":") + name))).status, 401U);
}

TEST(identity, takes_host_from_an_absolute_target_when_http_1_0_sends_none)
{
    calendar c;
    const auto named = c.forwarded("GET http://api.example.com/public HTTP/1.0\r\n\r\n");
    EXPECT_EQ(named.value("Host"), "api.example.com") << named;
    EXPECT_EQ(named.value("X-Forwarded-Host"), "api.example.com");
    const auto unnamed = c.forwarded("GET /public HTTP/1.0\r\n\r\n");
    EXPECT_EQ(unnamed.value("Host"), c.api.authority()) << unnamed;
    EXPECT_FALSE(unnamed.has("X-Forwarded-Host"));
}

TEST(identity, states_the_clients_http_version_in_via)
{
    calendar c;
    EXPECT_EQ(c.forwarded("GET /public HTTP/1.1\r\nHost: a\r\nVia: 1.1 near\r\n\r\n").value("Via"),
              "1.1 near | 1.1 scopegate");
    EXPECT_EQ(c.forwarded("GET /public HTTP/1.0\r\nHost: a\r\n\r\n").value("Via"), "1.0 scopegate");
}

TEST(identity, leaves_out_via_when_configured)
{
    calendar c({.upstream_more = "via: off"});
    EXPECT_FALSE(c.forwarded("GET /public HTTP/1.1\r\nHost: a\r\n\r\n").has("Via"));
    EXPECT_EQ(c.forwarded("GET /public HTTP/1.1\r\nHost: a\r\nVia: 1.1 near\r\n\r\n").value("Via"),
              "1.1 near");
}

TEST(identity, cannot_be_set_by_a_client)
{
    const std::string rows[] = {
        "X-Auth-Subject: root",
        "x-auth-subject: root",
        "X_Auth_Subject: root",
        "X-Auth_Subject: root",
        "x_auth_client: root",
        "X-Auth-Scopes: write:appointments",
        "X_AUTH_SCOPES: write:appointments",
        "X-Auth-Issuer: https://other.example.com/",
        "x-auth-issuer: https://other.example.com/",
        "X_Auth_Issuer: https://other.example.com/",
        "X-Auth_ISSUER: https://other.example.com/",
        "X-Original-URL: /admin",
        "X_Original_URL: /admin",
        "X-Rewrite-URL: /admin",
        "Proxy: http://evil.example.org",
        "Forwarded: for=10.0.0.1",
        "X-Forwarded-For: 10.0.0.1",
        "X_Forwarded_For: 10.0.0.1",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example.org",
        "X-Forwarded-Prefix: /admin",
        "X-Forwarded-Port: 1",
        "X-Real-IP: 10.0.0.1",
        "X-Client-IP: 10.0.0.1",
        "True-Client-IP: 10.0.0.1",
        "Client-Cert: :AAAA:",
        "Client-Cert-Chain: :AAAA:",
        "Content_Length: 100",
        "Transfer_Encoding: chunked",
        "X-HTTP-Method-Override: GET",
        "X-HTTP-Method: GET",
        "X-Method-Override: GET",
    };
    calendar c;
    const auto reader = calendar_token("read:appointments");
    for (const auto& row : rows) {
        const auto value = row.substr(row.find(": ") + 2);
        for (const auto& request :
             {get("/appointments", reader, row + "\r\n"), get("/public", {}, row + "\r\n")}) {
            const auto before = c.api.requests().size();
            const auto answer = c.exchange(request);
            if (answer.status == 400) // refused outright, which is as good
                continue;
            EXPECT_EQ(answer.status, 200U) << row << answer;
            const auto seen = c.api.wait_for_requests(before + 1).at(before);
            EXPECT_THAT(seen.head, Not(HasSubstr("\r\n" + row + "\r\n"))) << row;
            for (const auto& [name, had] : seen.fields)
                EXPECT_FALSE(had == value && name != "Authorization") << row << " arrived as " << name;
        }
    }
}

TEST(identity, never_forwards_an_authorization_spelled_with_an_underscore)
{
    calendar c;
    const auto seen = c.forwarded(
        get("/public", {}, "Author_ization: Bearer x\r\nX_Custom: kept\r\nProxy_Authorization: x\r\n"));
    EXPECT_FALSE(seen.has("Proxy_Authorization")) << seen;
    EXPECT_EQ(seen.value("X_Custom"), "kept");
}

TEST(identity, cannot_be_removed_by_naming_its_fields_in_connection)
{
    calendar c;
    const auto seen = c.forwarded(get("/appointments", calendar_token("read:appointments"),
                                      "Connection: X-Auth-Subject, X-Auth-Scopes, Via, X-Forwarded-For\r\n"));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada") << seen;
    EXPECT_EQ(seen.value("X-Auth-Scopes"), "read:appointments");
    EXPECT_EQ(seen.value("X-Forwarded-For"), "127.0.0.1");
}

TEST(identity, is_absent_on_a_public_route_whatever_the_token)
{
    calendar c;
    const auto seen = c.forwarded(get("/public", forged_token("read:appointments")));
    EXPECT_FALSE(seen.has("X-Auth-Subject")) << seen;
    EXPECT_FALSE(seen.has("X-Auth-Client"));
    EXPECT_FALSE(seen.has("X-Auth-Scopes"));
}

TEST(identity, refuses_a_method_override_that_changes_the_method)
{
    calendar c;
    for (const auto* name :
         {"X-HTTP-Method-Override", "x_http_method_override", "X-HTTP-Method", "X-Method-Override"}) {
        const auto answer = c.exchange(get("/public", {}, std::string(name) + ": DELETE\r\n"));
        EXPECT_EQ(answer.status, 400U) << name << answer;
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:method-override") << name;
    }
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(identity, includes_the_address_from_a_trusted_proxy)
{
    calendar c({.server = "trusted_proxies: [127.0.0.0/8]"});
    const auto seen = c.forwarded(get("/public", {},
                                      "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
                                      "X-Forwarded-Host: outside.example.com\r\nX-Auth-Subject: root\r\n"));
    EXPECT_EQ(seen.value("X-Forwarded-For"), "203.0.113.9, 127.0.0.1") << seen;
    EXPECT_EQ(seen.value("X-Forwarded-Proto"), "https");
    EXPECT_EQ(seen.value("X-Forwarded-Host"), "outside.example.com");
    EXPECT_FALSE(seen.has("X-Auth-Subject"));
}

TEST(identity, replaces_the_request_id_of_a_client)
{
    calendar c;
    const auto seen = c.forwarded(get("/public", {}, "X-Request-Id: 7f3e-a.b_c\r\n"));
    EXPECT_THAT(seen.value("X-Request-Id"), MatchesRegex("[0-9a-f]{32}")) << seen;
    EXPECT_EQ(seen.all("X-Request-Id").size(), 1U);
}

TEST(identity, keeps_only_well_formed_request_ids_of_a_trusted_proxy)
{
    calendar c({.server = "trusted_proxies: [127.0.0.1]"});
    EXPECT_EQ(c.forwarded(get("/public", {}, "X-Request-Id: 7f3e-a.b_c\r\n")).value("X-Request-Id"),
              "7f3e-a.b_c");
    for (const auto* bad : {"a b", "<script>", "x\"y", ""}) {
        const auto id = c.forwarded(get("/public", {}, "X-Request-Id: " + std::string(bad) + "\r\n"))
                            .value("X-Request-Id");
        EXPECT_NE(id, bad);
        EXPECT_THAT(id, MatchesRegex("[A-Za-z0-9._-]{8,128}"));
    }
    const auto two =
        c.forwarded(get("/public", {}, "X-Request-Id: one-one-1\r\nX-Request-Id: two-two-2\r\n"));
    EXPECT_EQ(two.all("X-Request-Id").size(), 1U) << two;
}

TEST(identity, passes_claims_in_the_configured_fields)
{
    calendar c({.upstream_more =
                    "headers: {X-User: sub, X-Roles: \"https://calendar.example.com/roles\", X-Mail: email, "
                    "X-Country: /address/country, X-Level: level}, authorization: strip"});
    const auto token =
        calendar_token("read:appointments",
                       R"(,"https://calendar.example.com/roles":["editor","admin"],"email":"a\r\nX-Evil: 1",)"
                       R"("address":{"country":"NL"},"level":7)");
    const auto seen = c.forwarded(get("/appointments", token, "X-Auth-Subject: root\r\nX-User: root\r\n"));
    EXPECT_EQ(seen.value("X-User"), "ada") << seen;
    EXPECT_EQ(seen.value("X-Roles"), "editor admin");
    EXPECT_EQ(seen.value("X-Country"), "NL");
    EXPECT_EQ(seen.value("X-Level"), "7");
    EXPECT_FALSE(seen.has("X-Mail")) << "a control character in a claim";
    EXPECT_FALSE(seen.has("X-Evil"));
    EXPECT_FALSE(seen.has("Authorization")) << "authorization: strip";
}

} // namespace
} // namespace scopegate::test
