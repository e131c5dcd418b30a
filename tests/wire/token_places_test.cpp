// Tokens in other fields, in the query, in cookies and in a WebSocket's subprotocols: which parts the API
// gets, which it does not, and which are never logged.
#include "jose/base64url.hpp"
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

gate_settings everywhere(std::string upstream_more = {})
{
    return {.upstream_more = std::move(upstream_more),
            .more = "tokens: {from: [header, \"cookie:session\", \"query:access_token\", websocket]}"};
}

std::string cookie(const std::string& pairs)
{
    return "Cookie: " + pairs + "\r\n";
}

TEST(token_places, forward_a_token_in_the_query_as_authorization)
{
    calendar c(everywhere());
    const auto token = calendar_token("read:appointments");
    const auto seen = c.forwarded(get("/appointments?a=%31&access_token=" + token + "&b=2"));
    EXPECT_EQ(seen.target, "/appointments?a=%31&b=2");
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    EXPECT_EQ(c.forwarded(get("/appointments?access_token=" + token)).target, "/appointments");
    for (const auto& line : c.gate.log())
        EXPECT_THAT(line.text, Not(HasSubstr(token.substr(0, 20)))) << line.text;
}

// RFC 6750 section 2.3: shared caches know that a response to a request with Authorization belongs to one
// client. They cannot know it for a token elsewhere.
TEST(token_places, keep_responses_to_tokens_outside_the_header_from_shared_caches)
{
    calendar c(everywhere());
    const auto token = calendar_token("read:appointments");
    const auto kept_by = [&](const std::string& request) {
        return c.exchange(request).value("Cache-Control");
    };
    EXPECT_EQ(kept_by(get("/appointments?access_token=" + token)), "private");
    EXPECT_EQ(kept_by(get("/appointments", {}, cookie("session=" + token))), "private");
    EXPECT_EQ(kept_by(get("/appointments", token)), "");
    c.api.answer("/appointments", "HTTP/1.1 200 OK\r\ncache-control: no-store\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(kept_by(get("/appointments", {}, cookie("session=" + token))), "no-store");
}

TEST(token_places, forward_a_token_in_a_cookie_as_authorization)
{
    calendar c(everywhere());
    const auto token = calendar_token("read:appointments");
    const auto seen = c.forwarded(get("/appointments", {}, cookie("a=1; session=" + token + "; b=\"2\"")));
    EXPECT_EQ(seen.value("Cookie"), "a=1; b=\"2\"") << seen;
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
    EXPECT_FALSE(c.forwarded(get("/appointments", {}, cookie("session=" + token))).has("Cookie"));
    const auto two =
        c.forwarded(get("/appointments", {}, cookie("a=1") + cookie("session=" + token + "; b=2")));
    EXPECT_THAT(two.all("Cookie"), testing::ElementsAre("a=1", "b=2")) << two;
    const auto basic =
        c.forwarded(get("/appointments", {}, cookie("session=" + token) + "Authorization: Basic eA==\r\n"));
    EXPECT_THAT(basic.all("Authorization"), testing::ElementsAre("Bearer " + token)) << basic;
    const auto named_away = c.forwarded(
        get("/appointments", {}, cookie("a=1; session=" + token) + "Connection: Cookie, Authorization\r\n"));
    EXPECT_FALSE(named_away.has("Cookie")) << named_away;
    EXPECT_EQ(named_away.value("Authorization"), "Bearer " + token);
}

TEST(token_places, leave_the_rest_alone_when_the_header_has_a_token)
{
    calendar c(everywhere());
    const auto token = calendar_token("read:appointments");
    const auto seen = c.forwarded(get("/appointments?x=1", token, cookie("a=1; b=2")));
    EXPECT_EQ(seen.target, "/appointments?x=1");
    EXPECT_EQ(seen.value("Cookie"), "a=1; b=2");
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
}

TEST(token_places, keep_every_token_from_the_api_with_strip)
{
    calendar c(everywhere("authorization: strip"));
    const auto token = calendar_token("read:appointments");
    const std::string requests[] = {
        get("/appointments?access_token=" + token + "&b=2"),
        get("/appointments?b=2", {}, cookie("session=" + token + "; a=1")), get("/appointments?b=2", token),
        get("/public?access_token=" + token + "&b=2", {}, cookie("session=" + token)), // ignored
    };
    for (const auto& request : requests) {
        const auto seen = c.forwarded(request);
        EXPECT_THAT(seen.head, Not(HasSubstr(token.substr(0, 20))));
        EXPECT_THAT(seen.target, testing::EndsWith("?b=2"));
    }
}

TEST(token_places, are_ignored_and_left_alone_on_a_public_route)
{
    calendar c(everywhere());
    const auto seen = c.forwarded(get("/public?access_token=x&access_token=y", {}, cookie("session=z")));
    EXPECT_EQ(seen.target, "/public?access_token=x&access_token=y");
    EXPECT_EQ(seen.value("Cookie"), "session=z");
    EXPECT_FALSE(seen.has("Authorization"));
}

TEST(token_places, refuse_two_tokens_and_malformed_ones)
{
    calendar c(everywhere());
    const auto token = calendar_token("read:appointments");
    struct row {
        std::string request;
        const char* problem;
    };
    const row rows[] = {
        {get("/appointments?access_token=" + token, token), "several-tokens"},
        {get("/appointments", token, cookie("session=" + token)), "several-tokens"},
        {get("/appointments?access_token=" + token + "&access_token=" + token), "several-tokens"},
        {get("/appointments?access_token=" + token + "&access%5Ftoken=" + token), "several-tokens"},
        {get("/appointments?access%5Ftoken=" + token), "malformed-credentials"},
        {get("/appointments?access_token=" + token + "%2"), "malformed-credentials"},
        {get("/appointments?access_token="), "malformed-credentials"},
    };
    for (const auto& r : rows) {
        const auto answer = c.exchange(r.request);
        EXPECT_EQ(answer.status, 400U) << answer;
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + std::string(r.problem));
        EXPECT_THAT(answer.value("WWW-Authenticate"), HasSubstr("error=\"invalid_request\""));
        EXPECT_THAT(answer.head + answer.body, Not(HasSubstr(token.substr(0, 20))));
    }
    EXPECT_EQ(c.exchange(get("/appointments", {}, cookie("session="))).status, 401U);
    EXPECT_TRUE(c.api.requests().empty());
}

TEST(token_places, are_the_header_alone_by_default)
{
    calendar c;
    const auto token = calendar_token("read:appointments");
    EXPECT_EQ(c.exchange(get("/appointments?access_token=" + token)).status, 401U);
    EXPECT_EQ(c.exchange(get("/appointments", {}, cookie("access_token=" + token))).status, 401U);
    const auto document = c.exchange(get("/.well-known/oauth-protected-resource"));
    EXPECT_THAT(document.body, HasSubstr(R"("bearer_methods_supported":["header"])"));
}

TEST(token_places, are_the_configured_ones_only)
{
    calendar c({.more = "tokens: {from: [\"query:t\"]}"});
    const auto token = calendar_token("read:appointments");
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 401U);
    const auto seen = c.forwarded(get("/appointments?t=" + token, forged_token({})));
    EXPECT_THAT(seen.all("Authorization"), testing::ElementsAre("Bearer " + token)) << seen;
    EXPECT_THAT(c.exchange(get("/.well-known/oauth-protected-resource")).body,
                HasSubstr(R"("bearer_methods_supported":["query"])"));
}

TEST(token_places, move_the_token_in_observe_mode_too)
{
    auto settings = everywhere();
    settings.more += "\nmode: observe";
    calendar c(settings);
    const auto token = calendar_token("write:appointments");
    const auto seen = c.forwarded(get("/appointments?access_token=" + token + "&b=2"));
    EXPECT_EQ(seen.target, "/appointments?b=2");
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
    EXPECT_EQ(c.exchange(get("/appointments?access_token=x&access_token=y")).status, 400U);
}

// The decision denies the request, and observe mode forwards it nevertheless. Extraction of tokens and
// removal before forwarding are in force.
TEST(token_places, refuse_two_tokens_and_remove_each_in_observe_mode_too)
{
    auto settings = everywhere();
    settings.more += "\nmode: observe";
    calendar c(settings);
    const auto token = calendar_token({});
    const std::string two = "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n";
    for (const std::string path : {"/a//b", "/nowhere", "/appointments/x/y"}) {
        EXPECT_EQ(c.exchange(get(path, {}, two)).status, 400U) << path;
        const auto seen = c.forwarded(get(path + "?access_token=" + token + "&b=2"));
        EXPECT_EQ(seen.target, path + "?b=2");
        EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
    }
    const auto not_listed = c.forwarded(request_text("PATCH", "/appointments?access_token=" + token, {}));
    EXPECT_EQ(not_listed.target, "/appointments");
    EXPECT_EQ(not_listed.value("X-Auth-Subject"), "ada") << "the subject comes from a valid token";
    EXPECT_FALSE(c.forwarded(get("/nowhere", forged_token({}))).has("X-Auth-Subject"));
    const auto before = c.api.requests().size();
    for (const std::string target : {"http://evil.example/a/../b", "http://u@evil.example/a",
                                     "gopher://evil.example/a", "http:///a", "http://evil.example/public"})
        EXPECT_EQ(c.exchange("GET " + target + " HTTP/1.1\r\nHost: calendar.example.com\r\n\r\n").status,
                  400U)
            << target;
    EXPECT_EQ(c.api.requests().size(), before);
}

std::string open(const std::string& protocols, std::string_view path = "/any")
{
    return get(path, {},
               "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                   (protocols.empty() ? "" : "Sec-WebSocket-Protocol: " + protocols + "\r\n"));
}

std::string agreed(const std::string& fields)
{
    return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + fields +
           "\r\n";
}

struct offer {
    std::string offered, api_gets, api_chooses, answered;
};

// Opens a WebSocket with these subprotocols. The API gets the token as Authorization.
void expect_agreement(calendar& c, const offer& r, const std::string& token)
{
    SCOPED_TRACE(r.offered.substr(0, 60));
    c.api.on("/any", [&](upstream_exchange& x) {
        x.send(agreed(r.api_chooses.empty() ? "" : "Sec-WebSocket-Protocol: " + r.api_chooses + "\r\n"));
        x.close();
    });
    const auto before = c.api.requests().size();
    const auto answer = c.exchange(open(r.offered));
    EXPECT_EQ(answer.status, 101U) << answer;
    EXPECT_EQ(answer.value("Sec-WebSocket-Protocol"), r.answered);
    const auto seen = c.api.wait_for_requests(before + 1).at(before);
    EXPECT_EQ(seen.value("Sec-WebSocket-Protocol"), r.api_gets) << seen;
    EXPECT_EQ(seen.value("Authorization"), "Bearer " + token);
}

TEST(token_places, include_the_subprotocols_of_a_websocket)
{
    calendar c(everywhere());
    const auto token = calendar_token({});
    const offer rows[] = {
        {"bearer, " + token, "", "", "bearer"},
        {"bearer, " + token + ", chat", "chat", "chat", "chat"},
        {"chat, bearer, " + token + ", v2", "chat, v2", "", "bearer"},
    };
    for (const auto& r : rows)
        expect_agreement(c, r, token);
    EXPECT_EQ(c.exchange(open("bearer")).status, 400U);
    EXPECT_EQ(c.exchange(open("chat")).status, 401U);
    EXPECT_EQ(c.exchange(get("/any", {}, "Sec-WebSocket-Protocol: bearer, " + token + "\r\n")).status, 401U)
        << "subprotocols count only in a WebSocket handshake";
}

TEST(token_places, include_the_names_of_subprotocols)
{
    calendar c({.more =
                    "tokens: {from: [\"websocket:base64url.bearer.authorization.k8s.io.\", "
                    "\"websocket:base64url.bearer.phx.\", \"websocket:v1.token.websocket.jupyter.org.\"]}"});
    const auto token = calendar_token({});
    const auto encoded = jose::base64url_encode(token);
    const std::string jupyter = "v1.token.websocket.jupyter.org";
    const offer rows[] = {
        {"base64url.bearer.authorization.k8s.io." + encoded + ", base64.binary.k8s.io",
         "base64.binary.k8s.io", "base64.binary.k8s.io", "base64.binary.k8s.io"},
        {"phoenix, base64url.bearer.phx." + encoded, "phoenix", "phoenix", "phoenix"},
        {"phoenix, base64url.bearer.phx." + encoded, "phoenix", "", ""},
        {"base64url.bearer.phx." + encoded, "", "", ""},
        {jupyter + ", " + jupyter + "." + token, jupyter, "", jupyter},
        {"v1.kernel.websocket.jupyter.org, " + jupyter + ", " + jupyter + "." + token,
         "v1.kernel.websocket.jupyter.org, " + jupyter, "v1.kernel.websocket.jupyter.org",
         "v1.kernel.websocket.jupyter.org"},
        {"bearer, chat, " + jupyter + "." + token, "bearer, chat", "chat", "chat"},
    };
    for (const auto& r : rows)
        expect_agreement(c, r, token);
    for (const auto& seen : c.api.requests())
        EXPECT_THAT(seen.head, Not(HasSubstr(encoded)));
    EXPECT_EQ(c.exchange(open("bearer, " + token)).status, 401U) << "the pair is not configured";
    EXPECT_EQ(c.exchange(open("base64url.bearer.phx." + token)).status, 400U) << "it is not encoded";
    const auto gone =
        c.forwarded(get("/public", {}, "Sec-WebSocket-Protocol: base64url.bearer.phx." + encoded + "\r\n"));
    EXPECT_FALSE(gone.has("Sec-WebSocket-Protocol")) << gone;
}

// The product in front is trusted with nothing: the token is validated like any other.
TEST(token_places, include_fields_of_products_in_front)
{
    calendar c(
        {.more =
             "tokens: {from: [\"header:Cf-Access-Jwt-Assertion\", \"header:X-Forwarded-Access-Token\"]}"});
    const auto token = calendar_token("read:appointments");
    const std::string assertion = "Cf-Access-Jwt-Assertion: ", access = "X-Forwarded-Access-Token: ";
    for (const auto& lines : {assertion + token, "cf-access-jwt-assertion: Bearer " + token, access + token,
                              access + token + "\r\nConnection: X-Forwarded-Access-Token",
                              "Authorization: Basic eA==\r\n" + assertion + token}) {
        const auto seen = c.forwarded(get("/appointments", {}, lines + "\r\n"));
        EXPECT_THAT(seen.all("Authorization"), testing::ElementsAre("Bearer " + token)) << seen;
        EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
        EXPECT_FALSE(seen.has("Cf-Access-Jwt-Assertion") || seen.has("X-Forwarded-Access-Token")) << seen;
    }
    EXPECT_EQ(c.exchange(get("/appointments", {}, assertion + token + "\r\n")).value("Cache-Control"),
              "private");
    struct row {
        std::string lines;
        unsigned status;
        const char* problem;
    };
    const row rows[] = {
        {"", 401, "no-token"},
        {assertion, 401, "no-token"},
        {"Authorization: Bearer " + token, 401, "no-token"},
        {assertion + forged_token({}), 401, "bad-signature"},
        {assertion + token + "\r\n" + assertion + token, 400, "several-tokens"},
        {assertion + token + "\r\n" + access + token, 400, "several-tokens"},
        {assertion + token + "\r\nCf_Access_Jwt_Assertion: " + token, 400, "several-tokens"},
        {assertion + token + "," + token, 400, "several-tokens"},
        {"Cf_Access_Jwt_Assertion: " + token, 400, "malformed-credentials"},
        {access + "DPoP " + token, 400, "malformed-credentials"},
        {access + "\xC3\xA9" + token, 400, "malformed-credentials"},
    };
    const auto before = c.api.requests().size();
    for (const auto& r : rows) {
        const auto answer = c.exchange(get("/appointments", {}, r.lines.empty() ? "" : r.lines + "\r\n"));
        EXPECT_EQ(answer.status, r.status) << r.lines;
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + std::string(r.problem))
            << r.lines;
        EXPECT_THAT(answer.value("WWW-Authenticate"), testing::StartsWith("Bearer ")) << r.lines;
    }
    EXPECT_EQ(c.api.requests().size(), before);
    EXPECT_THAT(c.exchange(get("/.well-known/oauth-protected-resource")).body,
                HasSubstr(R"("bearer_methods_supported":[])"));
}

// An API that reads such a field trusts it, so that it must not come from a client.
TEST(token_places, keep_fields_of_products_in_front_from_the_api)
{
    const std::string forged = "Cf-Access-Jwt-Assertion: a\r\ncf_access_jwt_ASSERTION: b\r\n"
                               "CF-Access_Jwt-Assertion: c\r\nX-Forwarded-Access-Token: d\r\nLeft: 1\r\n";
    const std::string place = "tokens: {from: [header, \"header:Cf-Access-Jwt-Assertion\", "
                              "\"header:X-Forwarded-Access-Token\"]}";
    for (const char* trusted : {"", "trusted_proxies: [127.0.0.1]"})
        for (const char* connection :
             {"", "Connection: Cf-Access-Jwt-Assertion\r\n", "Connection: close\r\n"}) {
            calendar c({.server = trusted, .more = place});
            const auto seen = c.forwarded(get("/public", {}, connection + forged));
            EXPECT_FALSE(seen.has("Authorization")) << seen;
            EXPECT_EQ(seen.value("Left"), "1");
            for (const auto& name : field_names(seen)) {
                EXPECT_THAT(name, Not(HasSubstr("assertion"))) << seen;
                EXPECT_THAT(name, Not(HasSubstr("token"))) << seen;
            }
        }
    calendar strip({.upstream_more = "authorization: strip", .more = place});
    const auto token = calendar_token("read:appointments");
    const auto seen = strip.forwarded(get("/appointments", {}, "Cf-Access-Jwt-Assertion: " + token + "\r\n"));
    EXPECT_THAT(seen.head, Not(HasSubstr(token.substr(0, 20))));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada") << "that is how the API knows the user";
    calendar trusted({.server = "trusted_proxies: [127.0.0.1]", .more = place});
    EXPECT_EQ(trusted
                  .exchange(get("/appointments", {},
                                "X-Forwarded-Access-Token: " + token +
                                    "\r\nConnection: X-Forwarded-Access-Token\r\n"))
                  .status,
              400U)
        << "the client behind the proxy wrote the option";
}

TEST(token_places, keep_a_subprotocol_token_from_the_api_on_a_public_route)
{
    calendar c(everywhere());
    c.api.on("/public", [](upstream_exchange& x) {
        x.send(agreed(""));
        x.close();
    });
    const auto answer = c.exchange(open("bearer, abc", "/public"));
    EXPECT_EQ(answer.value("Sec-WebSocket-Protocol"), "bearer") << answer;
    EXPECT_FALSE(c.api.requests().at(0).has("Sec-WebSocket-Protocol"));
    EXPECT_FALSE(c.api.requests().at(0).has("Authorization"));
    const std::string protocols = "Sec-WebSocket-Protocol: bearer, abc\r\n";
    EXPECT_FALSE(c.forwarded(get("/public/a", {}, protocols)).has("Sec-WebSocket-Protocol"))
        << "the token is removed even without an upgrade";
    EXPECT_FALSE(
        c.forwarded(get("/public/a", {}, protocols + "Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"))
            .has("Sec-WebSocket-Protocol"));
}

} // namespace
} // namespace scopegate::test
