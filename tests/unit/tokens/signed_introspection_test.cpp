// Signed introspection results (RFC 9701), and JWTs that are introspected too.
#include "tokens/signed_introspection.hpp"

#include "jose/base64url.hpp"
#include "support/reason_of.hpp"
#include "tokens/validator.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace {

using namespace scopegate;
using jose::algorithm;
using test::now;
using namespace std::chrono_literals;

constexpr std::string_view good_result = R"({"active":true,"scope":"read:app","sub":"ada"})";

json::object typed(const std::string& typ)
{
    json::object header;
    header.emplace_back("typ", json::value(typ));
    return header;
}

// Returns the claims of a good result; `replaced` is put in place of `what`.
std::string result_claims(std::string_view what = {}, std::string_view replaced = {})
{
    auto text = R"({"iss":"https://id.example","aud":"gate","iat":1800000000,"token_introspection":)" +
                std::string(good_result) + "}";
    if (!what.empty())
        text.replace(text.find(what), what.size(), replaced);
    return text;
}

std::string signed_result(const std::string& claims, const std::string& typ = "token-introspection+jwt",
                          const jose::signing_key& key = test::key_for(algorithm::rs256))
{
    return test::make_token(claims, key, typed(typ));
}

policy::issuer_settings signing_issuer()
{
    policy::issuer_settings issuer;
    issuer.issuer = "https://id.example";
    issuer.audience = {"https://calendar.example"};
    issuer.keys = {policy::key_location::kind::file, "/nonexistent"};
    issuer.introspection.emplace().client_id = "gate";
    issuer.introspection->signed_results = true;
    return issuer;
}

std::string outcome_of(const std::string& body, wall_time at = now)
{
    const auto issuer = signing_issuer();
    const auto keys = test::keys_for({algorithm::rs256});
    const auto claims = tokens::read_signed_introspection(body);
    if (!claims && claims.error() != reason::token_inactive)
        return std::string(name(claims.error().detail));
    const auto ok = tokens::verify_signed_introspection(body, issuer, keys.get(), at);
    if (!ok)
        return std::string(name(ok.error().detail));
    return claims ? "active" : "inactive";
}

TEST(signed_introspection, counts_only_as_a_result_of_the_issuer_for_us)
{
    const auto access_token = R"({"iss":"https://id.example","aud":"gate","iat":1800000000,"active":true})";
    const auto hmac = test::make_token(result_claims(), algorithm::hs256, typed("token-introspection+jwt"));
    const auto none = jose::base64url_encode(R"({"alg":"none","typ":"token-introspection+jwt"})") + "." +
                      jose::base64url_encode(result_claims()) + ".";
    const auto good = signed_result(result_claims());
    struct {
        const char* sentence;
        std::string body;
        const char* outcome;
    } const rows[] = {
        {"a good result", good, "active"},
        {"the long name of the type", signed_result(result_claims(), "application/token-introspection+jwt"),
         "active"},
        {"our client among others", signed_result(result_claims(R"("gate")", R"(["other","gate"])")),
         "active"},
        {"an inactive token", signed_result(result_claims("true", "false")), "inactive"},
        {"an unsigned result", std::string(good_result), "introspection-not-signed"},
        {"nothing", "", "introspection-not-signed"},
        {"alg none", none, "introspection-not-signed"},
        {"an access token as the result", signed_result(access_token, "at+jwt"), "introspection-not-signed"},
        {"an access token with our claim in it", signed_result(result_claims(), "at+jwt"),
         "introspection-not-signed"},
        {"an ID token's type", signed_result(result_claims(), "JWT"), "introspection-not-signed"},
        {"another type that begins alike", signed_result(result_claims(), "token-introspection+jwtx"),
         "introspection-not-signed"},
        {"no claim with the result", signed_result(access_token), "introspection-not-signed"},
        {"a result that is no object", signed_result(result_claims(good_result, "true")),
         "introspection-not-signed"},
        {"a stranger's key",
         signed_result(result_claims(), "token-introspection+jwt", test::other_key_for(algorithm::rs256)),
         "introspection-bad-signature"},
        {"an HMAC with whatever secret", hmac, "introspection-bad-signature"},
        {"a changed payload",
         good.substr(0, good.find('.') + 1) + jose::base64url_encode(result_claims("ada", "eve")) +
             good.substr(good.rfind('.')),
         "introspection-bad-signature"},
        {"another issuer", signed_result(result_claims("id.example", "it.example")),
         "introspection-for-others"},
        {"another client", signed_result(result_claims(R"("gate")", R"("gate2")")),
         "introspection-for-others"},
        {"no audience", signed_result(result_claims(R"("aud":"gate",)", "")), "introspection-for-others"},
        {"no date", signed_result(result_claims(R"("iat":1800000000,)", "")), "introspection-for-others"},
        {"a date that is text", signed_result(result_claims("1800000000", R"("1800000000")")),
         "introspection-for-others"},
        {"a date in the future", signed_result(result_claims("1800000000", "1800000100")),
         "introspection-for-others"},
        {"not yet expired itself", signed_result(result_claims(R"("iat")", R"("exp":1799999971,"iat")")),
         "active"},
        {"expired itself", signed_result(result_claims(R"("iat")", R"("exp":1799999970,"iat")")),
         "introspection-for-others"},
        {"an exp that is text", signed_result(result_claims(R"("iat")", R"("exp":"1800000300","iat")")),
         "introspection-for-others"},
        {"an old result, sent again", signed_result(result_claims("1800000000", "1799999000")),
         "introspection-for-others"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outcome_of(row.body), row.outcome) << row.sentence;
    EXPECT_EQ(outcome_of(good, now + 30s), "active") << "for as long as it is cached";
}

// Returns the same result for each token, as an introspector does.
class one_result final : public tokens::introspector {
public:
    void ask(std::string_view, std::function<void(tokens::introspection_ptr)> done,
             const tokens::client_network&) override
    {
        ++asked;
        tokens::introspection_result out;
        out.claims = is_signed ? tokens::read_signed_introspection(body) : tokens::read_introspection(body);
        out.signed_text = is_signed ? body : std::string();
        out.until = until;
        done(std::make_shared<const tokens::introspection_result>(std::move(out)));
    }
    bool discard(std::string_view, const tokens::introspection_ptr&) override
    {
        if (!std::exchange(is_old, false))
            return false;
        body = body_after;
        return true;
    }
    void stop() override {}

    std::string body{good_result};
    bool is_signed = false;
    wall_time until = now + 30s;
    int asked = 0;
    bool is_old = false;    // whether the next discarded result may be asked for again
    std::string body_after; // the result from then on
};

struct introspected_jwts : ::testing::Test {
    std::shared_ptr<policy::policy> policy = test::calendar_policy();
    std::shared_ptr<one_result> endpoint = std::make_shared<one_result>();
    std::shared_ptr<test::given_keys> keys = std::make_shared<test::given_keys>(1);
    std::optional<tokens::validator> validator;

    introspected_jwts()
    {
        policy->issuers = {signing_issuer()};
        policy->issuers.front().introspection->also_jwts = true;
        policy->issuers.front().introspection->signed_results = false;
        keys->give(0, test::keys_for({algorithm::rs256}));
    }

    [[nodiscard]] static std::string jwt(const jose::signing_key& key = test::key_for(algorithm::rs256),
                                         const std::string& more = {})
    {
        return test::make_token(R"({"iss":"https://id.example","aud":"https://calendar.example",)"
                                R"("exp":1800000300,"scope":"read:app")" +
                                    more + "}",
                                key);
    }
    [[nodiscard]] std::string check(const std::string& token, wall_time at = now)
    {
        if (!validator)
            validator.emplace(policy, keys, 1 << 20, endpoint);
        tokens::validator::awaited came(false);
        for (int waits = 0; waits < 4; ++waits) {
            const auto outcome = validator->check(token, at, came);
            if (outcome.token)
                return "ok";
            if (outcome.wait_for_issuer < 0)
                return std::string(name(outcome.token.error().why));
            validator->await(outcome.wait_for_issuer, token,
                             [&](tokens::validator::awaited with) { came = std::move(with); });
        }
        return "waits for ever";
    }
};

TEST_F(introspected_jwts, must_be_valid_and_active)
{
    EXPECT_EQ(check(jwt()), "ok");
    EXPECT_EQ(check(jwt()), "ok");
    EXPECT_EQ(endpoint->asked, 1) << "the result is cached with the token";
    endpoint->body = R"({"active":false})";
    EXPECT_EQ(check(jwt(), now + 29s), "ok");
    EXPECT_EQ(check(jwt(), now + 30s), "token-inactive") << "revoked, and noticed after the cache time";
}

TEST_F(introspected_jwts, are_not_shown_to_the_endpoint_unless_their_signature_is_good)
{
    EXPECT_EQ(check(jwt(test::other_key_for(algorithm::rs256))), "unknown-key");
    EXPECT_EQ(check(jwt() + "x"), "malformed-token");
    EXPECT_EQ(endpoint->asked, 0);
}

TEST_F(introspected_jwts, must_not_be_contradicted_by_the_result)
{
    struct {
        const char* sentence;
        const char* result;
        const char* outcome;
    } const rows[] = {
        {"only active", R"({"active":true})", "ok"},
        {"the same token", R"({"active":true,"iss":"https://id.example","sub":"ada","client_id":"web"})",
         "ok"},
        {"another issuer", R"({"active":true,"iss":"https://it.example"})", "introspection-unavailable"},
        {"another subject", R"({"active":true,"sub":"eve"})", "introspection-unavailable"},
        {"a subject that is no text", R"({"active":true,"sub":7})", "introspection-unavailable"},
        {"another client", R"({"active":true,"client_id":"app"})", "introspection-unavailable"},
        {"our audience", R"({"active":true,"aud":["x","https://calendar.example"]})", "ok"},
        {"another audience", R"({"active":true,"aud":"https://other.example"})", "wrong-audience"},
        {"a refresh token", R"({"active":true,"token_use":"refresh"})", "wrong-token-type"},
        {"expired", R"({"active":true,"exp":1700000000})", "token-expired"},
        {"bound to a key", R"({"active":true,"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}})",
         "unbound-token"},
        {"active as text", R"({"active":"true"})", "token-inactive"},
        {"no JSON", "<html>", "introspection-unavailable"},
    };
    for (const auto& row : rows) {
        endpoint->body = row.result;
        validator.reset();
        EXPECT_EQ(check(jwt(test::key_for(algorithm::rs256), R"(,"sub":"ada","client_id":"web")")),
                  row.outcome)
            << row.sentence;
    }
}

TEST_F(introspected_jwts, are_refused_without_an_introspector)
{
    validator.emplace(policy, keys, 1 << 20);
    EXPECT_EQ(check(jwt()), "introspection-unavailable");
}

TEST_F(introspected_jwts, need_a_signed_result_if_the_file_says_so)
{
    policy->issuers.front().introspection->signed_results = true;
    endpoint->is_signed = true;
    EXPECT_EQ(check(jwt()), "introspection-unavailable") << "an unsigned result";
    endpoint->body = signed_result(result_claims());
    EXPECT_EQ(check(jwt()), "ok");
    const auto requested = keys->requested;
    endpoint->body =
        signed_result(result_claims(), "token-introspection+jwt", test::other_key_for(algorithm::rs256));
    validator.reset();
    EXPECT_EQ(check(jwt()), "introspection-unavailable");
    EXPECT_EQ(keys->requested, requested + 1) << "it may be signed with a new key";
    endpoint->body = signed_result(result_claims("true", "false"));
    validator.reset();
    EXPECT_EQ(check(jwt()), "token-inactive");
}

TEST_F(introspected_jwts, are_introspected_again_once_a_cached_result_can_not_be_verified)
{
    policy->issuers.front().introspection->signed_results = true;
    endpoint->is_signed = true;
    const auto claims =
        result_claims(R"("active":true)", R"("active":true,"aud":"https://calendar.example")");
    for (const auto& token : {jwt(), std::string("opaque")})
        for (const bool is_old : {true, false}) {
            endpoint->body =
                signed_result(claims, "token-introspection+jwt", test::other_key_for(algorithm::rs256));
            endpoint->body_after = signed_result(claims);
            endpoint->is_old = is_old;
            endpoint->asked = 0;
            validator.reset();
            EXPECT_EQ(check(token), is_old ? "ok" : "introspection-unavailable") << token;
            EXPECT_EQ(endpoint->asked, is_old ? 2 : 1) << token;
        }
}

TEST_F(introspected_jwts, leave_opaque_tokens_as_they_were)
{
    endpoint->body = R"({"active":true,"aud":"https://calendar.example","scope":"read:app"})";
    EXPECT_EQ(check("opaque"), "ok");
    EXPECT_EQ(endpoint->asked, 1);
}

} // namespace
