// The protected resource metadata (RFC 9728), rule by rule.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string well_known = "/.well-known/oauth-protected-resource";

gate_settings with(std::string more)
{
    gate_settings s;
    s.more = std::move(more);
    return s;
}

TEST(metadata, is_public_cacheable_and_readable_by_browsers)
{
    const calendar c(with("metadata: {name: Calendar}\n"));
    for (const auto& token : {std::string(), std::string("garbage"), expired_token()}) {
        const auto answer = c.exchange(get(well_known, token, "Origin: https://anywhere.example\r\n"));
        EXPECT_EQ(answer.status, 200U) << answer;
        EXPECT_EQ(answer.value("Content-Type"), "application/json");
        EXPECT_THAT(answer.value("Cache-Control"), testing::MatchesRegex("(public, )?max-age=[1-9][0-9]*"));
        EXPECT_EQ(answer.value("Access-Control-Allow-Origin"), "*");
        EXPECT_FALSE(answer.has("WWW-Authenticate"));
        EXPECT_EQ(
            answer.body,
            R"({"resource":"https://calendar.example.com",)"
            R"("authorization_servers":["https://issuer.example.com/"],)"
            R"("scopes_supported":["read:appointments","write:appointments"],)"
            R"("bearer_methods_supported":["header"],"dpop_signing_alg_values_supported":)"
            R"(["RS256","RS384","RS512","PS256","PS384","PS512","ES256","ES384","ES512","EdDSA","Ed25519"],)"
            R"("resource_name":"Calendar",)"
            R"("scope_descriptions":{"read:appointments":"See appointments",)"
            R"("write:appointments":"Create, change and delete appointments"}})");
    }
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(metadata, allows_get_and_head_only)
{
    const calendar c;
    const auto document = c.exchange(get(well_known));
    const auto head = c.exchange(request_text("HEAD", well_known, {}));
    EXPECT_EQ(head.status, 200U) << head;
    EXPECT_EQ(head.value("Content-Length"), std::to_string(document.body.size()));
    EXPECT_EQ(head.body, "");
    const auto post = c.exchange(request_text("POST", well_known, {}));
    EXPECT_EQ(post.status, 405U) << post;
    EXPECT_EQ(post.value("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(metadata, comes_before_any_route_of_that_path)
{
    gate_settings s;
    s.routes = R"(
scopes: {read:appointments: See}
routes:
  /.well-known/oauth-protected-resource: {ANY: read:appointments}
  /.well-known/{rest...}: {ANY: authenticated}
  /{all...}: {GET: public}
)";
    const calendar c(s);
    EXPECT_EQ(c.exchange(get(well_known)).status, 200U);
    EXPECT_EQ(c.exchange(get(well_known + "?x=1")).status, 200U);
    EXPECT_THAT(c.api.requests(), IsEmpty());
    EXPECT_EQ(c.exchange(get("/.well-known/other")).status, 401U);
    EXPECT_EQ(c.exchange(get(well_known + "/other")).status, 401U)
        << "the suffix belongs to another resource";
}

TEST(metadata, is_found_at_the_suffixed_form_too_for_a_resource_with_a_path)
{
    const calendar c(with("metadata: {resource: \"https://api.example.com/v1/calendar\"}\n"));
    for (const auto& path : {well_known, well_known + "/v1/calendar"}) {
        const auto answer = c.exchange(get(path));
        EXPECT_EQ(answer.status, 200U) << answer;
        EXPECT_EQ(json_member(answer.body, "resource"), "https://api.example.com/v1/calendar");
    }
    EXPECT_EQ(c.exchange(get(well_known + "/v1")).status, 404U);
    EXPECT_EQ(c.exchange(get("/v1/calendar" + well_known)).status, 404U);
    EXPECT_THAT(c.exchange(get("/appointments")).value("WWW-Authenticate"),
                HasSubstr("resource_metadata=\"https://api.example.com/.well-known/"
                          "oauth-protected-resource/v1/calendar\""));
}

TEST(metadata, never_repeats_a_host_from_the_request)
{
    gate_settings s;
    s.server = "trusted_proxies: [127.0.0.0/8]";
    const calendar c(s);
    const auto expected = c.exchange(get(well_known)).body;
    for (const std::string fields :
         {"Host: evil.example\r\n", "Host: evil.example\r\nX-Forwarded-Host: evil.example\r\n",
          "Host: evil.example\r\nForwarded: host=evil.example;proto=http\r\n",
          "Host: evil.example:99\r\nX-Forwarded-Proto: http\r\n"}) {
        const auto answer = c.exchange("GET " + well_known + " HTTP/1.1\r\n" + fields + "\r\n");
        EXPECT_EQ(answer.body, expected) << fields;
        const auto refused = c.exchange("GET /appointments HTTP/1.1\r\n" + fields + "\r\n");
        EXPECT_EQ(refused.status, 401U) << fields;
        EXPECT_THAT(refused.head, Not(HasSubstr("evil"))) << fields;
    }
    const auto absolute =
        c.exchange("GET http://evil.example" + well_known + " HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    EXPECT_EQ(absolute.status, 200U) << absolute;
    EXPECT_EQ(absolute.body, expected);
    const auto torn = c.exchange("GET http://evil.example" + well_known +
                                 " HTTP/1.1\r\nHost: calendar.example.com\r\n\r\n");
    EXPECT_EQ(torn.status, 400U) << "malformed requests are refused before our own pages";
}

TEST(metadata, is_named_in_every_challenge)
{
    gate_settings s;
    s.routes += "  /recent: {GET: {scopes: read:appointments, max_age: 5m, acr: [\"urn:example:mfa\"]}}\n";
    const calendar c(s);
    const auto reader = calendar_token("read:appointments");
    const std::string requests[] = {
        get("/appointments"),
        get("/any"),
        get("/appointments", {}, "Authorization: Basic YTpi\r\n"),
        get("/appointments", "garbage"),
        get("/appointments", expired_token()),
        get("/appointments", forged_token("read:appointments")),
        get("/appointments", reader, "Authorization: Bearer " + reader + "\r\n"),
        get("/appointments", {}, "Authorization: Bearer\r\n"),
        request_text("POST", "/appointments", reader),
        get("/recent", reader),
    };
    for (const auto& request : requests) {
        const auto answer = c.exchange(request);
        EXPECT_GE(answer.status, 400U) << answer;
        EXPECT_THAT(answer.value("WWW-Authenticate"),
                    HasSubstr("resource_metadata=\"https://calendar.example.com" + well_known + "\""))
            << request << answer;
    }
}

TEST(metadata, is_nowhere_when_off)
{
    const calendar c(with("metadata: off\n"));
    EXPECT_EQ(c.exchange(get(well_known)).status, 404U);
    EXPECT_THAT(c.exchange(get("/appointments")).value("WWW-Authenticate"),
                Not(HasSubstr("resource_metadata")));
}

// RFC 9470 over a socket: the challenge states what the client has to ask its authorization server for.
TEST(step_up, states_how_recent_and_how_strong_the_login_must_be)
{
    gate_settings s;
    s.routes +=
        "  /recent: {GET: {scopes: read:appointments, max_age: 5m}}\n"
        "  /strong: {GET: {scopes: read:appointments, acr: [\"urn:example:mfa\", \"urn:example:key\"]}}\n";
    const calendar c(s);
    const auto weak = c.exchange(get("/strong", calendar_token("read:appointments", R"(,"acr":"pwd")")));
    EXPECT_EQ(weak.status, 401U) << weak;
    EXPECT_THAT(weak.value("WWW-Authenticate"),
                testing::AllOf(HasSubstr("error=\"insufficient_user_authentication\""),
                               HasSubstr("acr_values=\"urn:example:mfa urn:example:key\""),
                               HasSubstr("scope=\"read:appointments\""), Not(HasSubstr("max_age"))));
    const auto old = c.exchange(get("/recent", calendar_token("read:appointments", R"(,"auth_time":1)")));
    EXPECT_EQ(old.status, 401U) << old;
    EXPECT_THAT(old.value("WWW-Authenticate"),
                testing::AllOf(HasSubstr("error=\"insufficient_user_authentication\""),
                               HasSubstr("max_age=\"300\""), Not(HasSubstr("acr_values"))));
    const auto now = std::to_string(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
    EXPECT_EQ(
        c.exchange(get("/recent", calendar_token("read:appointments", R"(,"auth_time":)" + now))).status,
        200U);
    EXPECT_EQ(
        c.exchange(get("/strong", calendar_token("read:appointments", R"(,"acr":"urn:example:key")"))).status,
        200U);
}

// Scope caps over a socket: whatever scopes the application asked for, no token allows more than its user may
// do.
TEST(limits, reduce_a_token_to_the_scopes_of_its_users_roles)
{
    const calendar c(with("limit:\n"
                          "  roles:\n"
                          "    claim: https://calendar.example.com/roles\n"
                          "    allow: {viewer: [read:appointments], editor: [read:appointments, "
                          "write:appointments]}\n"));
    const auto token = [](std::string_view role) {
        return calendar_token("read:appointments write:appointments",
                              R"(,"https://calendar.example.com/roles":[")" + std::string(role) + "\"]");
    };
    const auto seen = c.forwarded(get("/appointments", token("viewer")));
    EXPECT_EQ(seen.value("X-Auth-Scopes"), "read:appointments") << "the effective scopes";
    const auto refused = c.exchange(request_text("POST", "/appointments", token("viewer")));
    EXPECT_EQ(refused.status, 403U) << refused;
    EXPECT_FALSE(refused.has("WWW-Authenticate")) << "no scope would help";
    EXPECT_EQ(json_member(refused.body, "type"), "urn:scopegate:problem:scope-limited");
    EXPECT_EQ(json_member(refused.body, "missing_scopes"), R"(["write:appointments"])");
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["reason"] == "scope-limited"; });
    EXPECT_EQ(line["scopes"], R"(["read:appointments"])") << "the effective scopes";
    EXPECT_EQ(line["missing"], R"(["write:appointments"])");

    EXPECT_EQ(c.exchange(request_text("POST", "/appointments", token("editor"))).status, 200U);
    const auto none = c.exchange(get("/appointments", calendar_token("read:appointments")));
    EXPECT_EQ(json_member(none.body, "type"), "urn:scopegate:problem:scope-limited") << none;
    EXPECT_EQ(c.exchange(get("/any", calendar_token("read:appointments"))).status, 200U);
}

} // namespace
} // namespace scopegate::test
