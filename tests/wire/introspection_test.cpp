// Opaque tokens (RFC 7662) over a socket: the gate, the API behind it, and an introspection endpoint.
#include "jose/base64url.hpp"
#include "jose/jws.hpp"
#include "support/calendar.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/reason_of.hpp"
#include "support/temporary_folder.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using mood = introspection_endpoint::mood;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view reader = R"({"active":true,"scope":"read:appointments","sub":"ada"})";

// Returns the calendar with a second issuer, whose tokens are opaque. `more` goes into `introspection:
// {...}`, `issuer` beside it.
gate_settings asking(const introspection_endpoint& endpoint, const std::string& more = "client_secret: s",
                     const std::string& issuer = {})
{
    gate_settings settings;
    settings.issuer =
        "clock_skew: 30s\n  - {issuer: \"https://legacy.example.com\", introspection: {url: \"" +
        endpoint.url() + "\", client_id: scopegate, " + more + "}" + (issuer.empty() ? "" : ", " + issuer) +
        "}\n";
    return settings;
}

TEST(introspection, accepts_an_active_token_and_uses_its_claims)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", R"({"active":true,"scope":"read:appointments","sub":"ada","client_id":"agenda"})");
    const calendar c(asking(endpoint));
    const auto seen = c.forwarded(get("/appointments", "good"));
    EXPECT_EQ(seen.value("Authorization"), "Bearer good");
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    EXPECT_EQ(seen.value("X-Auth-Client"), "agenda");
    EXPECT_EQ(seen.value("X-Auth-Scopes"), "read:appointments");
    const auto asked = endpoint.requests().at(0);
    EXPECT_EQ(asked.value("Authorization"), "Basic c2NvcGVnYXRlOnM=");
    EXPECT_EQ(form_parameter(asked.body, "token"), "good");

    const auto own = c.exchange(get("/users/ada", "good"));
    EXPECT_EQ(own.status, 200U) << own;
    const auto others = c.exchange(get("/users/bob", "good"));
    EXPECT_EQ(json_member(others.body, "type"), "urn:scopegate:problem:condition-failed") << others;
    EXPECT_EQ(endpoint.calls("good"), 1U) << "claims are cached";
}

TEST(introspection, rejects_a_token_that_is_not_active)
{
    introspection_endpoint endpoint;
    const calendar c(asking(endpoint));
    for (int i = 0; i < 3; ++i) {
        const auto answer = c.exchange(get("/appointments", "never-heard-of"));
        EXPECT_EQ(answer.status, 401U) << answer;
        EXPECT_THAT(answer.value("WWW-Authenticate"), HasSubstr("error=\"invalid_token\""));
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:token-inactive");
        EXPECT_THAT(answer.head + answer.body, Not(HasSubstr("never-heard-of")));
    }
    EXPECT_EQ(endpoint.calls(), 1U) << "retries of the client cost no further call";
    EXPECT_EQ(c.api.requests().size(), 0U);
}

// ory/oathkeeper#743 (CVE-2021-32701), dadrus/heimdall#3452: the cached result permitted requests on the next
// route.
TEST(introspection, opens_no_other_route_with_a_cached_result)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    const calendar c(asking(endpoint));
    auto client = c.connect();
    EXPECT_EQ(client.exchange(get("/appointments", "good")).status, 200U);
    const auto write = client.exchange(request_text("POST", "/appointments", "good"));
    EXPECT_EQ(write.status, 403U) << write;
    EXPECT_EQ(json_member(write.body, "missing_scopes"), R"(["write:appointments"])");
    EXPECT_EQ(client.exchange(get("/appointments", "good")).status, 200U);
    EXPECT_EQ(endpoint.calls("good"), 1U);
}

struct refused_answer {
    std::string sentence, answer, problem;
};

TEST(introspection, checks_audience_issuer_times_and_binding)
{
    introspection_endpoint endpoint;
    const calendar c(asking(endpoint, "client_secret: s", "audience: \"https://calendar.example.com\""));
    const std::string good =
        R"("active":true,"scope":"read:appointments","aud":"https://calendar.example.com")";
    const refused_answer rows[] = {
        {"no-audience", R"({"active":true,"scope":"read:appointments"})", "missing-claim"},
        {"another-audience", R"({"active":true,"aud":"https://other.example"})", "wrong-audience"},
        {"another-issuer", "{" + good + R"(,"iss":"https://issuer.example.com/"})", "unknown-issuer"},
        {"expired", "{" + good + R"(,"exp":1})", "token-expired"},
        {"not-yet", "{" + good + R"(,"nbf":99999999999})", "token-not-yet-valid"},
        {"bound-in-a-way-that-nobody-knows", "{" + good + R"(,"cnf":{"x":"y"}})", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.sentence);
        endpoint.knows(row.sentence, row.answer);
        const auto answer = c.exchange(get("/appointments", row.sentence));
        EXPECT_EQ(answer.status, 401U) << answer;
        if (!row.problem.empty()) {
            EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + row.problem);
        }
    }
    EXPECT_EQ(c.api.requests().size(), 0U);
    endpoint.knows("good", "{" + good + "}");
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
}

// A client throws a good token away at a 401, so a failure of the endpoint must never be one.
TEST(introspection, fails_with_503_and_retry_after_and_recovers_by_itself)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    const calendar c(asking(endpoint));
    for (const auto m : {mood::failing, mood::refusing, mood::garbage, mood::twice, mood::an_array,
                         mood::redirecting, mood::huge, mood::cut_short, mood::closing}) {
        SCOPED_TRACE(static_cast<int>(m));
        endpoint.be(m);
        const auto answer = c.exchange(get("/appointments", "good"));
        EXPECT_EQ(answer.status, 503U) << answer;
        EXPECT_NE(answer.value("Retry-After"), "");
        EXPECT_FALSE(answer.has("WWW-Authenticate"));
        EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:introspection-unavailable");
        EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "other routes work meanwhile";
        EXPECT_EQ(c.exchange(get("/appointments")).status, 401U) << "a missing token is still 401";
        EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U)
            << "tokens of another issuer still work";
    }
    endpoint.be(mood::serving);
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    for (const auto& line : c.gate.log())
        EXPECT_THAT(line.text, Not(HasSubstr("good"))) << "no token is logged";
    EXPECT_NE(c.gate.wait_for_event("introspection_failed")["why"], "");
    static_cast<void>(c.gate.wait_for_event("introspection_works_again"));
}

TEST(introspection, gives_up_on_a_silent_endpoint_after_5_s)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    endpoint.be(mood::hanging);
    const calendar c(asking(endpoint));
    auto client = c.connect();
    client.send(get("/appointments", "good"));
    endpoint.wait_for_calls(1);
    EXPECT_EQ(c.exchange(get("/public")).status, 200U) << "other requests do not wait";
    const auto answer = client.read("GET", std::chrono::seconds(20));
    EXPECT_EQ(answer.status, 503U) << answer;
    EXPECT_NE(answer.value("Retry-After"), "");
    endpoint.release();
    endpoint.be(mood::serving);
    EXPECT_EQ(client.exchange(get("/appointments", "good")).status, 200U);
}

TEST(introspection, makes_one_call_for_a_hundred_requests_with_one_token)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    endpoint.be(mood::hanging);
    auto settings = asking(endpoint);
    settings.server = "workers: 2";
    const calendar c(settings);
    std::vector<raw_client> clients;
    for (int i = 0; i < 100; ++i) {
        clients.push_back(c.connect());
        clients.back().send(get("/appointments", "good"));
    }
    endpoint.wait_for_calls(1);
    endpoint.release();
    for (auto& client : clients) {
        const auto answer = client.read();
        EXPECT_EQ(answer.status, 200U) << answer;
    }
    EXPECT_EQ(endpoint.calls("good"), 1U);
}

TEST(introspection, survives_clients_that_leave_while_waiting)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    endpoint.be(mood::hanging);
    const calendar c(asking(endpoint));
    auto stays = c.connect();
    {
        auto leaves = c.connect();
        leaves.send(get("/appointments", "good"));
        endpoint.wait_for_calls(1);
        stays.send(get("/appointments", "good"));
        leaves.reset();
    }
    endpoint.release();
    const auto answer = stays.read();
    EXPECT_EQ(answer.status, 200U) << answer;
}

TEST(introspection, accepts_a_revoked_token_no_longer_than_the_cache_time)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    const calendar c(asking(endpoint, "client_secret: s, cache: 0"));
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    endpoint.knows("good", R"({"active":false})");
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 401U);
    endpoint.knows("good", std::string(reader));
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U) << "with 0 each request makes a call";
    EXPECT_EQ(endpoint.calls("good"), 3U);
}

TEST(introspection, keeps_its_results_over_a_reload)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    auto settings = asking(endpoint);
    const calendar c(settings);
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    settings.upstream = c.api.url();
    settings.more = "unlisted: authenticated\n";
    c.gate.write_routes(settings);
    c.gate.send_signal(SIGHUP);
    static_cast<void>(c.gate.wait_for_event("reloaded"));
    endpoint.be(mood::failing);
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    EXPECT_EQ(c.exchange(get("/unlisted", "good")).status, 200U) << "the new policy decides";
    EXPECT_EQ(endpoint.calls("good"), 1U);
}

TEST(introspection, does_not_accept_a_refresh_token_as_an_access_token)
{
    introspection_endpoint endpoint;
    endpoint.knows("refresh", R"({"active":true,"scope":"read:appointments","token_use":"refresh_token"})");
    endpoint.knows("access", R"({"active":true,"scope":"read:appointments","token_use":"access_token"})");
    const calendar c(asking(endpoint));
    EXPECT_EQ(c.exchange(get("/appointments", "access")).status, 200U);
    const auto refused = c.exchange(get("/appointments", "refresh"));
    EXPECT_EQ(json_member(refused.body, "type"), "urn:scopegate:problem:wrong-token-type") << refused;
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "401"; });
    EXPECT_EQ(line["cause"], "token-use-not-access");
    EXPECT_THAT(line.text, HasSubstr(R"("token_use":"refresh_token")")) << "the log shows the issuer's value";
}

TEST(introspection, covers_jwts_and_encrypted_tokens_of_an_issuer_without_keys)
{
    introspection_endpoint endpoint;
    const auto jwt = make_token(R"({"iss":"https://legacy.example.com","sub":"eve"})");
    const auto encrypted = jose::base64url_encode(R"({"alg":"dir","enc":"A256GCM"})") + "..AAAA.BBBB.CCCC";
    endpoint.knows(jwt, std::string(reader));
    endpoint.knows(encrypted, std::string(reader));
    const calendar c(asking(endpoint));
    EXPECT_EQ(c.forwarded(get("/appointments", jwt)).value("X-Auth-Subject"), "ada");
    EXPECT_EQ(c.forwarded(get("/appointments", encrypted)).value("X-Auth-Subject"), "ada");
    EXPECT_EQ(endpoint.calls(), 2U);
}

TEST(introspection, never_sends_a_jwt_of_another_issuer_to_the_endpoint)
{
    introspection_endpoint endpoint;
    const calendar c(asking(endpoint));
    EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments"))).status, 200U);
    EXPECT_EQ(c.exchange(get("/appointments", expired_token())).status, 401U);
    EXPECT_EQ(c.exchange(get("/appointments", forged_token("read:appointments"))).status, 401U);
    const auto foreign = make_token(R"({"iss":"https://stranger.example","exp":99999999999})");
    EXPECT_EQ(c.exchange(get("/appointments", foreign)).status, 401U);
    EXPECT_EQ(endpoint.calls(), 0U);
}

TEST(introspection, calls_an_opaque_token_malformed_when_no_issuer_introspects)
{
    const calendar c;
    const auto answer = c.exchange(get("/appointments", "opaque"));
    EXPECT_EQ(answer.status, 401U) << answer;
    EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:malformed-token");
}

TEST(introspection, needs_no_keys_to_be_ready)
{
    introspection_endpoint endpoint;
    endpoint.be(mood::failing);
    const calendar c(asking(endpoint));
    EXPECT_EQ(c.ask_admin("/readyz").status, 200U);
}

TEST(introspection, can_authenticate_the_gate_in_the_form)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    const calendar c(asking(endpoint, "client_secret: \"p&s\", auth: post"));
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    const auto asked = endpoint.requests().at(0);
    EXPECT_FALSE(asked.has("Authorization"));
    EXPECT_EQ(form_parameter(asked.body, "client_id"), "scopegate");
    EXPECT_EQ(form_parameter(asked.body, "client_secret"), "p&s");
}

// RFC 7523: the endpoint authenticates the gate without a shared secret.
TEST(introspection, can_authenticate_the_gate_with_a_signed_assertion)
{
    introspection_endpoint endpoint;
    endpoint.knows("good", std::string(reader));
    const auto& key = key_for(jose::algorithm::es256);
    const temporary_folder folder;
    folder.write("client.pem", std::string(key.private_pem().reveal()));
    const calendar c(
        asking(endpoint, "auth: private_key_jwt, client_key: \"" + folder.path("client.pem") + "\""));
    EXPECT_EQ(c.exchange(get("/appointments", "good")).status, 200U);
    const auto asked = endpoint.requests().at(0);
    EXPECT_FALSE(asked.has("Authorization"));
    EXPECT_EQ(form_parameter(asked.body, "client_assertion_type"),
              "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const auto assertion = form_parameter(asked.body, "client_assertion");
    const auto jws = jose::split(assertion);
    ASSERT_TRUE(jws.has_value());
    EXPECT_EQ(test::reason_of(jose::verify(*jws, *keys_for({jose::algorithm::es256}))), reason::allowed);
    EXPECT_EQ(json_member(jws->payload, "iss"), "scopegate");
    EXPECT_EQ(json_member(jws->payload, "sub"), "scopegate");
    EXPECT_EQ(json_member(jws->payload, "aud"), "https://legacy.example.com");
}

} // namespace
} // namespace scopegate::test
