// DPoP end to end (RFC 9449): bound tokens pass with their proof, once, and no request with a bad proof
// reaches the API. tests/unit/jose/dpop_test.cpp and tests/unit/access/binding_test.cpp test proofs in all
// detail.
#include "support/calendar.hpp"
#include "support/proof_maker.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view appointments = "http://calendar.example.com/appointments";

const proof_maker& owner()
{
    static const proof_maker made(key_for(jose::algorithm::es256));
    return made;
}

std::string bound_token(std::string_view scope = "read:appointments")
{
    return calendar_token(scope, "," + owner().confirmation());
}

std::string dpop_fields(const std::string& token, const std::string& proof)
{
    return "Authorization: DPoP " + token + "\r\nDPoP: " + proof + "\r\n";
}

std::string dpop_get(const std::string& token, const std::string& proof,
                     std::string_view target = "/appointments", std::string_view more = {})
{
    return get(target, {}, dpop_fields(token, proof) + std::string(more));
}

std::string right_get(const std::string& token, std::string_view more_claims = {})
{
    return dpop_get(token, owner().proof("GET", appointments, token, more_claims));
}

// Returns the claim with the nonce that a newly started process asks for. Such a process cannot know which
// proofs the previous one has seen.
std::string nonce_of(const calendar& c, std::string_view uri = appointments, std::string_view more = {})
{
    const auto token = bound_token();
    const auto asked = c.exchange(dpop_get(token, owner().proof("GET", uri, token), "/appointments", more));
    return R"(,"nonce":")" + asked.value("DPoP-Nonce") + '"';
}

TEST(dpop, accepts_a_bound_token_with_each_proof_once)
{
    calendar c;
    const auto token = bound_token();
    const auto nonce = nonce_of(c);
    const auto request = right_get(token, nonce);
    auto client = c.connect();
    EXPECT_EQ(client.exchange(request).status, 200U);
    const auto again = client.exchange(request);
    EXPECT_EQ(again.status, 401U);
    EXPECT_THAT(again.value("WWW-Authenticate"), StartsWith("DPoP "));
    EXPECT_THAT(again.value("WWW-Authenticate"), HasSubstr(R"(algs="RS256 )"));
    EXPECT_THAT(again.value("WWW-Authenticate"), HasSubstr(R"(error="invalid_dpop_proof")"));
    EXPECT_EQ(json_member(again.body, "type"), "urn:scopegate:problem:invalid-dpop-proof");
    EXPECT_TRUE(again.has("DPoP-Nonce")) << "the response must supply a nonce for the next proof";
    EXPECT_EQ(client.exchange(right_get(token, nonce)).status, 200U)
        << "the connection and the token remain usable";
    const auto seen = c.api.requests();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].value("Authorization"), "DPoP " + token);
    EXPECT_TRUE(seen[0].has("DPoP")) << "the proof is forwarded unchanged";
    EXPECT_EQ(seen[0].value("X-Auth-Subject"), "ada");
    for (const auto& line : c.gate.log())
        EXPECT_THAT(line.text, Not(HasSubstr(token.substr(0, 20)))) << line.text;
}

struct row {
    const char* sentence;
    std::string request;
    unsigned status;
    const char* problem;
};

std::vector<row> refused_requests()
{
    const auto token = bound_token();
    const auto unbound = calendar_token("read:appointments");
    const auto with = [&](auto change) {
        proof_parts parts;
        parts.htu = json_string(appointments);
        parts.token = token;
        change(parts);
        return dpop_get(token, owner().proof(parts));
    };
    const auto right = owner().proof("GET", appointments, token);
    const proof_maker stranger(other_key_for(jose::algorithm::es256));
    const auto credentials = "Authorization: DPoP " + token + "\r\n";
    const auto odd = [&](const char* cnf) {
        return calendar_token("read:appointments", std::string(",\"cnf\":") + cnf);
    };
    using parts = proof_parts&;
    constexpr auto proof = "invalid-dpop-proof", binding = "unbound-token";
    return {
        {"a bound token as a bearer token", get("/appointments", token), 401, binding},
        {"the same with its proof", get("/appointments", token, "DPoP: " + right + "\r\n"), 401, binding},
        {"an unbound token under DPoP", dpop_get(unbound, owner().proof("GET", appointments, unbound)), 401,
         binding},
        {"no proof", get("/appointments", {}, credentials), 401, proof},
        {"two proofs", get("/appointments", {}, dpop_fields(token, right) + "DPoP: " + right + "\r\n"), 401,
         proof},
        {"two in one field", dpop_get(token, right + "," + right), 401, proof},
        {"a proof that is none", dpop_get(token, "abc"), 401, proof},
        {"the token for a proof", dpop_get(token, token), 401, proof},
        {"a stranger's proof", dpop_get(token, stranger.proof("GET", appointments, token)), 401, proof},
        {"another method", with([](parts p) { p.htm = json_string("POST"); }), 401, proof},
        {"another path", with([](parts p) { p.htu = json_string("http://calendar.example.com/any"); }), 401,
         proof},
        {"another host", with([](parts p) { p.htu = json_string("http://evil.example.com/appointments"); }),
         401, proof},
        {"https, and there is none",
         with([](parts p) { p.htu = json_string("https://calendar.example.com/appointments"); }), 401, proof},
        {"too old", with([](parts p) { p.iat = seconds_from_now(std::chrono::seconds(-90)); }), 401, proof},
        {"of the future", with([](parts p) { p.iat = seconds_from_now(std::chrono::seconds(30)); }), 401,
         proof},
        {"of another token", with([&](parts p) { p.token = unbound; }), 401, proof},
        {"without ath", with([](parts p) { p.no_ath = true; }), 401, proof},
        {"without jti", with([](parts p) { p.no_jti = true; }), 401, proof},
        {"without iat", with([](parts p) { p.no_iat = true; }), 401, proof},
        {"alg none", with([](parts p) { p.alg = json_string("none"); }), 401, proof},
        {"alg HS256", with([](parts p) { p.alg = json_string("HS256"); }), 401, proof},
        {"another typ", with([](parts p) { p.typ = json_string("JWT"); }), 401, proof},
        {"a private key in it", with([](parts p) {
             p.jwk = owner().public_jwk();
             p.jwk.back() = ',';
             p.jwk += R"("d":"AA"})";
         }),
         401, proof},
        {"a critical extension", with([](parts p) { p.header_more = R"(,"crit":["b64"],"b64":true)"; }), 401,
         proof},
        {"a member twice", with([](parts p) { p.claims_more = R"(,"htm":"GET")"; }), 401, proof},
        {"a scheme twice", get("/appointments", token, dpop_fields(token, right)), 400, "several-tokens"},
        {"no token behind the scheme",
         get("/appointments", {}, "Authorization: DPoP\r\nDPoP: " + right + "\r\n"), 400,
         "malformed-credentials"},
        {"a proof alone", get("/appointments", {}, "DPoP: " + right + "\r\n"), 401, "no-token"},
        {"a confirmation by kid", get("/appointments", odd(R"({"kid":"x"})")), 401, binding},
        {"a confirmation by jwk", get("/appointments", odd(R"({"jwk":{"kty":"EC"}})")), 401, binding},
        {"an empty confirmation", get("/appointments", odd("{}")), 401, binding},
        {"a certificate that nobody has shown",
         get("/appointments", odd(R"({"x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})")), 401,
         binding},
    };
}

TEST(dpop, keeps_requests_with_a_bad_proof_from_the_api)
{
    calendar c;
    auto client = c.connect();
    for (const auto& r : refused_requests()) {
        const auto answer = client.exchange(r.request);
        EXPECT_EQ(answer.status, r.status) << r.sentence << '\n' << answer;
        EXPECT_EQ(json_member(answer.body, "type"), std::string("urn:scopegate:problem:") + r.problem)
            << r.sentence;
        EXPECT_TRUE(answer.has("WWW-Authenticate")) << r.sentence;
        EXPECT_TRUE(c.api.requests().empty()) << r.sentence << ": the request reached the API";
    }
}

// The cache keeps the claims of a token, but not that its proof was valid.
TEST(dpop, rejects_a_bound_token_as_bearer_after_it_was_accepted_with_its_proof)
{
    calendar c;
    const auto token = bound_token();
    const auto nonce = nonce_of(c);
    auto client = c.connect();
    for (int i = 0; i < 3; ++i) {
        ASSERT_EQ(client.exchange(right_get(token, nonce)).status, 200U);
        const auto bare = client.exchange(get("/appointments", token));
        EXPECT_EQ(bare.status, 401U);
        EXPECT_THAT(bare.value("WWW-Authenticate"), StartsWith("DPoP "));
        EXPECT_THAT(bare.value("WWW-Authenticate"), HasSubstr(R"(error="invalid_token")"));
        EXPECT_EQ(client.exchange(get("/appointments", {}, "Authorization: DPoP " + token + "\r\n")).status,
                  401U);
    }
    EXPECT_EQ(c.api.requests().size(), 3U);
}

TEST(dpop, accepts_one_of_many_simultaneous_uses_of_a_proof_across_workers)
{
    calendar c({.server = "workers: 2"});
    const auto token = bound_token();
    const auto nonce = nonce_of(c);
    std::vector<raw_client> clients;
    for (int i = 0; i < 16; ++i)
        clients.push_back(c.connect());
    for (int round = 0; round < 4; ++round) {
        const auto request = right_get(token, nonce);
        std::vector<unsigned> statuses(clients.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < clients.size(); ++i)
            threads.emplace_back([&, i] { statuses[i] = clients[i].exchange(request).status; });
        for (auto& t : threads)
            t.join();
        EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 200U), 1);
        EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 401U), 15);
    }
    EXPECT_EQ(c.api.requests().size(), 4U);
}

TEST(dpop, remembers_used_proofs_over_a_reload)
{
    calendar c;
    const auto nonce = nonce_of(c);
    const auto request = right_get(bound_token(), nonce);
    ASSERT_EQ(c.exchange(request).status, 200U);
    gate_settings changed{.upstream = c.api.url(), .more = "metadata: {name: Calendar}"};
    c.gate.write_routes(changed);
    c.gate.send_signal(SIGHUP);
    (void)c.gate.wait_for_event("reloaded");
    EXPECT_EQ(c.exchange(request).status, 401U);
    EXPECT_EQ(c.exchange(right_get(bound_token(), nonce)).status, 200U);
}

TEST(dpop, asks_for_a_nonce_and_supplies_it)
{
    calendar c({.server = "workers: 2",
                .more = "tokens: {dpop: {nonce: true}}\ncors: {origins: [\"https://app.example.com\"]}"});
    const auto token = bound_token();
    const std::string origin = "Origin: https://app.example.com\r\n";
    const auto first =
        c.exchange(dpop_get(token, owner().proof("GET", appointments, token), "/appointments", origin));
    EXPECT_EQ(first.status, 401U);
    EXPECT_THAT(first.value("WWW-Authenticate"), StartsWith("DPoP "));
    EXPECT_THAT(first.value("WWW-Authenticate"), HasSubstr(R"(error="use_dpop_nonce")"));
    EXPECT_THAT(first.value("Access-Control-Expose-Headers"), HasSubstr("DPoP-Nonce"));
    EXPECT_THAT(first.value("Access-Control-Expose-Headers"), HasSubstr("WWW-Authenticate"));
    const auto nonce = first.value("DPoP-Nonce");
    ASSERT_FALSE(nonce.empty());
    EXPECT_THAT(c.api.requests(), IsEmpty());

    const auto claim = R"(,"nonce":")" + nonce + "\"";
    for (int i = 0; i < 4; ++i) { // whichever worker serves it
        const auto passed = c.exchange(right_get(token, claim));
        EXPECT_EQ(passed.status, 200U);
        EXPECT_FALSE(passed.value("DPoP-Nonce").empty());
        EXPECT_EQ(passed.value("Access-Control-Expose-Headers"), "DPoP-Nonce");
    }
    EXPECT_EQ(c.exchange(right_get(token, R"(,"nonce":"guessed")")).status, 401U);
    EXPECT_EQ(c.exchange(right_get(token, R"(,"nonce":1)")).value("DPoP-Nonce").empty(), false);
    const auto plain = c.exchange(get("/appointments", calendar_token("read:appointments")));
    EXPECT_EQ(plain.status, 200U);
    EXPECT_FALSE(plain.has("DPoP-Nonce")) << "clients without proofs need no nonce";
}

TEST(dpop, keeps_the_apis_own_nonce_apart_from_ours)
{
    calendar c({.more = "tokens: {dpop: {nonce: true}}"});
    c.api.answer("/appointments", ok("x", "DPoP-Nonce: the-apis\r\n"));
    const auto token = bound_token();
    const auto nonce = c.exchange(right_get(token)).value("DPoP-Nonce");
    const auto answer = c.exchange(right_get(token, R"(,"nonce":")" + nonce + "\""));
    EXPECT_EQ(answer.status, 200U);
    EXPECT_EQ(answer.all("DPoP-Nonce").size(), 1U);
    EXPECT_NE(answer.value("DPoP-Nonce"), "the-apis");
    EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments"))).value("DPoP-Nonce"),
              "the-apis");
}

TEST(dpop, is_the_scheme_of_every_challenge_when_required)
{
    calendar c({.more = "tokens: {dpop: require}"});
    const auto token = bound_token();
    const auto nonce = nonce_of(c);
    EXPECT_EQ(c.exchange(right_get(token, nonce)).status, 200U);
    const auto unbound = c.exchange(get("/appointments", calendar_token("read:appointments")));
    EXPECT_EQ(unbound.status, 401U);
    EXPECT_THAT(unbound.value("WWW-Authenticate"), StartsWith("DPoP "));
    EXPECT_THAT(unbound.value("WWW-Authenticate"), HasSubstr(R"(error="invalid_token")"));
    const auto none = c.exchange(get("/appointments"));
    EXPECT_EQ(none.status, 401U);
    EXPECT_THAT(none.value("WWW-Authenticate"), StartsWith("DPoP "));
    EXPECT_THAT(none.value("WWW-Authenticate"), HasSubstr("algs="));
    EXPECT_THAT(none.value("WWW-Authenticate"), Not(HasSubstr("error=")));
    const auto lacking =
        c.exchange(request_text("POST", "/appointments", {},
                                dpop_fields(token, owner().proof("POST", appointments, token, nonce)), "x"));
    EXPECT_EQ(lacking.status, 403U);
    EXPECT_THAT(lacking.value("WWW-Authenticate"), StartsWith("DPoP "));
    EXPECT_THAT(lacking.value("WWW-Authenticate"), HasSubstr(R"(scope="write:appointments")"));
    const auto document = c.exchange(get("/.well-known/oauth-protected-resource"));
    EXPECT_THAT(document.body, HasSubstr(R"("dpop_bound_access_tokens_required":true)"));
    EXPECT_EQ(c.api.requests().size(), 1U);
}

TEST(dpop, is_no_scheme_for_tokens_when_off)
{
    calendar c({.more = "tokens: {dpop: off}"});
    const auto token = bound_token();
    const auto answer = c.exchange(right_get(token));
    EXPECT_EQ(answer.status, 401U);
    EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:no-token");
    EXPECT_THAT(answer.value("WWW-Authenticate"), StartsWith("Bearer "));
    const auto bare = c.exchange(get("/appointments", token));
    EXPECT_EQ(bare.status, 401U) << "the token is still bound";
    EXPECT_THAT(bare.value("WWW-Authenticate"), StartsWith("Bearer "));
    EXPECT_THAT(c.exchange(get("/.well-known/oauth-protected-resource")).body, Not(HasSubstr("dpop")));
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(dpop, is_hidden_from_the_api_when_tokens_are_forwarded_as_bearer)
{
    calendar c({.more = "tokens: {dpop: {forward: bearer}}"});
    const auto token = bound_token();
    const auto nonce = nonce_of(c);
    const auto seen = c.forwarded(right_get(token, nonce));
    EXPECT_THAT(seen.all("Authorization"), testing::ElementsAre("Bearer " + token));
    EXPECT_FALSE(seen.has("DPoP"));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    const auto plain = calendar_token("read:appointments");
    EXPECT_THAT(c.forwarded(get("/appointments", plain)).all("Authorization"),
                testing::ElementsAre("Bearer " + plain));
    const auto named = c.forwarded(dpop_get(token, owner().proof("GET", appointments, token, nonce),
                                            "/appointments", "Connection: Authorization, DPoP\r\n"));
    EXPECT_THAT(named.all("Authorization"), testing::ElementsAre("Bearer " + token));
}

TEST(dpop, keeps_token_and_proof_from_the_api_when_stripped)
{
    for (const auto* more : {"tokens: {dpop: allow}", "tokens: {dpop: {forward: bearer}}"}) {
        calendar c({.upstream_more = "authorization: strip", .more = more});
        const auto token = bound_token();
        const auto seen = c.forwarded(right_get(token, nonce_of(c)));
        EXPECT_FALSE(seen.has("Authorization")) << more;
        EXPECT_FALSE(seen.has("DPoP")) << more;
        EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    }
}

TEST(dpop, checks_htu_against_the_url_that_clients_use)
{
    const auto token = bound_token();
    const auto status = [&](const calendar& c, std::string_view uri, std::string_view more = {}) {
        const auto proof = owner().proof("GET", uri, token, nonce_of(c, uri, more));
        return c.exchange(dpop_get(token, proof, "/appointments", more)).status;
    };
    const std::string https = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: front.example.com\r\n";
    calendar plain;
    EXPECT_EQ(status(plain, "http://CALENDAR.example.com:80/%61ppointments?x#y"), 200U);
    EXPECT_EQ(status(plain, "https://front.example.com/appointments", https), 401U);
    calendar behind({.server = "trusted_proxies: [127.0.0.0/8]"});
    EXPECT_EQ(status(behind, "https://front.example.com/appointments", https), 200U);
    EXPECT_EQ(status(behind, appointments, https), 401U);
    EXPECT_EQ(status(behind, appointments), 200U);
    calendar named({.server = "external_url: \"https://api.example.com/calendar/\""});
    EXPECT_EQ(status(named, "https://api.example.com/calendar/appointments"), 200U);
    EXPECT_EQ(status(named, "https://api.example.com/calendar/appointments", https), 200U);
    EXPECT_EQ(status(named, "https://api.example.com/appointments"), 401U);
    EXPECT_EQ(status(named, appointments), 401U);
}

TEST(dpop, gives_no_identity_to_an_unproven_token_in_observe_mode)
{
    calendar c({.more = "mode: observe"});
    const auto token = bound_token();
    const auto seen = c.forwarded(get("/appointments", token));
    EXPECT_FALSE(seen.has("X-Auth-Subject"));
    EXPECT_EQ(c.gate.wait_for_event("request")["reason"], "unbound-token");
    const auto asked = c.exchange(right_get(token));
    EXPECT_EQ(asked.status, 200U) << "observe mode also forwards a request whose proof lacks the nonce";
    EXPECT_EQ(c.forwarded(right_get(token, R"(,"nonce":")" + asked.value("DPoP-Nonce") + '"'))
                  .value("X-Auth-Subject"),
              "ada");
}

} // namespace
} // namespace scopegate::test
