// Tokens that are not JWTs: what an introspection result must contain before they count.
#include "tokens/validator.hpp"

#include "http/chars.hpp"
#include "jose/base64url.hpp"
#include "support/reason_of.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

namespace {

using namespace scopegate;
using test::now;
using namespace std::chrono_literals;

// Returns the results that the test sets, and counts the calls.
class told final : public tokens::introspector {
public:
    void ask(std::string_view token, std::function<void(tokens::introspection_ptr)> done,
             const tokens::client_network&) override
    {
        asked.emplace_back(token);
        tokens::introspection_result answer;
        const auto found = answers.find(std::string(token));
        if (found != answers.end()) {
            answer.claims = tokens::read_introspection(found->second);
            answer.until = until;
        }
        done(std::make_shared<const tokens::introspection_result>(std::move(answer)));
    }
    bool discard(std::string_view, const tokens::introspection_ptr&) override { return false; }
    void stop() override {}

    std::map<std::string, std::string> answers;
    std::vector<std::string> asked;
    wall_time until = now + 30s;
};

// The policy of the other tests, and a third issuer, which introspects.
struct opaque_tokens : ::testing::Test {
    std::shared_ptr<policy::policy> policy = test::calendar_policy();
    std::shared_ptr<told> endpoint = std::make_shared<told>();
    std::shared_ptr<test::given_keys> keys = std::make_shared<test::given_keys>(3);
    std::optional<tokens::validator> validator;

    opaque_tokens()
    {
        policy::issuer_settings third;
        third.issuer = "https://legacy.example";
        third.audience = {"https://calendar.example"};
        third.keys.where = policy::key_location::kind::none;
        third.introspection.emplace().url = "https://legacy.example/introspect";
        policy->issuers.push_back(third);
        keys->give(0, test::keys_for({jose::algorithm::rs256}));
    }

    policy::issuer_settings& introspecting() { return policy->issuers.at(2); }

    // Checks a token as a worker does: it checks, waits if required, and checks again.
    tokens::validator::outcome check(const std::string& token, wall_time at = now)
    {
        if (!validator)
            validator.emplace(policy, keys, 1 << 20, endpoint);
        auto outcome = validator->check(token, at);
        if (outcome.wait_for_issuer < 0)
            return outcome;
        EXPECT_EQ(outcome.wait_for_issuer, 2);
        EXPECT_FALSE(outcome.token);
        EXPECT_EQ(name(test::reason_of(outcome.token)), "introspection-unavailable");
        tokens::validator::awaited came;
        validator->await(outcome.wait_for_issuer, token,
                         [&](tokens::validator::awaited got) { came = std::move(got); });
        return validator->check(token, at, came);
    }
    std::string_view why(const std::string& token) { return name(test::reason_of(check(token).token)); }
};

struct word {
    std::string sentence, answer, why;
};

TEST_F(opaque_tokens, follow_their_introspection_result)
{
    const std::string good = R"("active":true,"aud":"https://calendar.example")";
    const word rows[] = {
        {"all that it must say", "{" + good + "}", "allowed"},
        {"inactive", R"({"active":false})", "token-inactive"},
        {"no audience, where the file names one", R"({"active":true})", "missing-claim"},
        {"another audience", R"({"active":true,"aud":"https://other.example"})", "wrong-audience"},
        {"ours is one of two", R"({"active":true,"aud":["x","https://calendar.example"]})", "allowed"},
        {"an audience that is none", R"({"active":true,"aud":7})", "malformed-token"},
        {"its own issuer", "{" + good + R"(,"iss":"https://legacy.example"})", "allowed"},
        {"another issuer", "{" + good + R"(,"iss":"https://first.example/"})", "unknown-issuer"},
        {"an issuer that is no string", "{" + good + R"(,"iss":7})", "malformed-token"},
        {"an issuer that is null", "{" + good + R"(,"iss":null})", "allowed"},
        {"not expired", "{" + good + R"(,"exp":1800000300})", "allowed"},
        {"expired within the skew", "{" + good + R"(,"exp":1799999971})", "allowed"},
        {"expired", "{" + good + R"(,"exp":1799999970})", "token-expired"},
        {"an exp that is text", "{" + good + R"(,"exp":"1800000300"})", "malformed-token"},
        {"an exp that is null", "{" + good + R"(,"exp":null})", "allowed"},
        {"not yet", "{" + good + R"(,"nbf":1800000031})", "token-not-yet-valid"},
        {"within the skew", "{" + good + R"(,"nbf":1800000030})", "allowed"},
        {"issued in the future", "{" + good + R"(,"iat":1800000031})", "token-not-yet-valid"},
        {"a subject that is no string", "{" + good + R"(,"sub":7})", "malformed-token"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.sentence);
        auto token = row.sentence;
        std::replace_if(
            token.begin(), token.end(), [](char c) { return !http::is(http::char_class::b64, c); }, '_');
        endpoint->answers[token] = row.answer;
        EXPECT_EQ(why(token), row.why);
    }
    for (const auto* cnf : {R"({"x":"y"})", R"({})", R"("x")", "null", "[]"}) {
        const auto token = std::string("bound by ") + cnf;
        endpoint->answers[token] = "{" + good + R"(,"cnf":)" + cnf + "}";
        EXPECT_NE(why(token), "allowed") << token;
    }
}

TEST_F(opaque_tokens, may_lack_an_audience_if_none_is_configured)
{
    introspecting().audience.clear();
    endpoint->answers["t"] = R"({"active":true,"scope":"read:app"})";
    const auto outcome = check("t");
    ASSERT_TRUE(outcome.token);
    EXPECT_EQ((*outcome.token)->issuer, 2U);
}

TEST_F(opaque_tokens, must_have_the_required_claims)
{
    introspecting().require.emplace_back(json::path("token_type"),
                                         std::vector{json::value(std::string("Bearer"))});
    introspecting().audience.clear();
    endpoint->answers["good"] = R"({"active":true,"token_type":"Bearer"})";
    endpoint->answers["other"] = R"({"active":true,"token_type":"DPoP"})";
    endpoint->answers["none"] = R"({"active":true})";
    EXPECT_EQ(why("good"), "allowed");
    EXPECT_EQ(why("other"), "wrong-claim");
    EXPECT_EQ(why("none"), "missing-claim");
}

TEST_F(opaque_tokens, are_cached_as_claims_and_never_as_a_decision)
{
    introspecting().audience.clear();
    endpoint->answers["t"] = R"({"active":true,"sub":"ann","client_id":"app","scope":"read:app"})";
    const auto first = check("t");
    const auto again = check("t");
    ASSERT_TRUE(first.token);
    EXPECT_EQ(test::value_or_null(again.token), *first.token);
    EXPECT_EQ(endpoint->asked.size(), 1U) << "a token that was seen needs no call";
    EXPECT_EQ((*first.token)->subject, "ann");
    const auto bearer = (*first.token)->as_bearer();
    const auto may = [&](const char* path) {
        return std::holds_alternative<policy::permit>(
            policy::decide(*policy, policy->match(path, "GET"), &bearer, now));
    };
    EXPECT_TRUE(may("/read"));
    EXPECT_FALSE(may("/write")) << "CVE-2021-32701: the next route's scope is checked too";
}

TEST_F(opaque_tokens, are_cached_no_longer_than_their_result)
{
    introspecting().audience.clear();
    endpoint->answers["t"] = R"({"active":true})";
    EXPECT_EQ(name(test::reason_of(check("t").token)), "allowed");
    EXPECT_EQ(name(test::reason_of(check("t", now + 29'999ms).token)), "allowed");
    EXPECT_EQ(endpoint->asked.size(), 1U);
    endpoint->answers["t"] = R"({"active":false})";
    EXPECT_EQ(name(test::reason_of(check("t", now + 30s).token)), "token-inactive");

    endpoint->answers["once"] = R"({"active":true})";
    endpoint->until = now; // `cache: 0`
    EXPECT_EQ(why("once"), "allowed") << "the result counts for requests that waited for it";
    EXPECT_EQ(why("once"), "allowed");
    EXPECT_EQ(endpoint->asked.size(), 4U);
}

TEST_F(opaque_tokens, cause_503_and_not_401_without_a_result)
{
    EXPECT_EQ(why("never_heard_of"), "introspection-unavailable");
    // Without an endpoint, as in `explain`.
    tokens::validator offline(policy, keys, 1 << 20);
    const auto outcome = offline.check("t", now);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "introspection-unavailable");
    EXPECT_EQ(outcome.wait_for_issuer, -1);
}

TEST_F(opaque_tokens, without_an_issuer_that_introspects_are_malformed)
{
    policy->issuers.pop_back();
    EXPECT_EQ(why("t"), "malformed-token");
    EXPECT_EQ(endpoint->asked.size(), 0U);
}

TEST_F(opaque_tokens, are_not_sent_to_the_endpoint_if_too_long)
{
    EXPECT_EQ(why(std::string(32 * 1024 + 1, 'a')), "token-too-large");
    EXPECT_EQ(endpoint->asked.size(), 0U);
    policy->server.limits.headers = 128 * 1024;
    EXPECT_EQ(why(std::string(32 * 1024 + 1, 'a')), "introspection-unavailable")
        << "the limit follows limits.headers";
    EXPECT_EQ(endpoint->asked.size(), 1U);
}

// Each token that an issuer has issued and not revoked is active, whatever its kind.
TEST_F(opaque_tokens, are_refused_if_they_are_not_access_tokens)
{
    introspecting().audience.clear();
    const struct {
        const char* members;
        const char* why;
        cause detail;
    } rows[] = {
        {R"("token_type":"Bearer")", "allowed", cause::none},
        {R"("token_type":"bearer","typ":"Bearer","token_use":"access")", "allowed", cause::none},
        {R"("token_use":"access_token","token_type":"DPoP")", "allowed", cause::none},
        {R"("typ":"at+jwt")", "allowed", cause::none},
        {R"("typ":"application/at+jwt")", "allowed", cause::none},
        {R"("typ":"JWT","token_type":"access_token")", "allowed", cause::none},
        {R"("token_type":"urn:ietf:params:oauth:token-type:access_token")", "allowed", cause::none},
        {R"("token_type":null,"typ":null,"token_use":null)", "allowed", cause::none},
        {R"("token_use":"refresh_token")", "wrong-token-type", cause::token_use_not_access},
        {R"("token_use":"refresh")", "wrong-token-type", cause::token_use_not_access},
        {R"("token_use":"id","token_type":"Bearer")", "wrong-token-type", cause::token_use_not_access},
        {R"("token_use":["access"])", "wrong-token-type", cause::token_use_not_access},
        {R"("typ":"Refresh")", "wrong-token-type", cause::typ_not_access_token},
        {R"("typ":"Offline","token_type":"Bearer")", "wrong-token-type", cause::typ_not_access_token},
        {R"("typ":"ID")", "wrong-token-type", cause::typ_not_access_token},
        {R"("typ":"logout+jwt")", "wrong-token-type", cause::typ_not_access_token},
        {R"("token_type":"refresh_token")", "wrong-token-type", cause::token_type_not_access},
        {R"("token_type":"id_token")", "wrong-token-type", cause::token_type_not_access},
        {R"("token_type":"urn:ietf:params:oauth:token-type:refresh_token")", "wrong-token-type",
         cause::token_type_not_access},
        {R"("token_type":7)", "wrong-token-type", cause::token_type_not_access},
    };
    int i = 0;
    for (const auto& row : rows) {
        const auto token = "kind" + std::to_string(i++);
        endpoint->answers[token] = std::string(R"({"active":true,)") + row.members + "}";
        const auto outcome = check(token);
        EXPECT_EQ(name(test::reason_of(outcome.token)), row.why) << row.members;
        EXPECT_EQ(name(test::cause_of(outcome.token)), name(row.detail)) << row.members;
    }
}

// A JWT names its issuer. A token of another issuer must stay secret, for its bearer gets its rights.
TEST_F(opaque_tokens, never_include_a_jwt_of_another_issuer)
{
    const std::string mine = R"({"iss":"https://legacy.example","aud":"https://calendar.example","exp":)";
    const auto token = test::make_token(mine + "1800000300}");
    EXPECT_EQ(why(test::make_token(R"({"iss":"https://stranger.example","exp":1800000300})")),
              "unknown-issuer");
    EXPECT_EQ(why(token + "."), "malformed-token");
    EXPECT_EQ(why(token.substr(0, token.rfind('.'))), "malformed-token");
    EXPECT_EQ(why(token.substr(0, token.find('.') + 1)), "malformed-token");
    EXPECT_EQ(endpoint->asked.size(), 0U);
}

TEST_F(opaque_tokens, include_a_jwt_of_an_issuer_without_keys)
{
    const auto token = test::make_token(R"({"iss":"https://legacy.example","sub":"eve"})");
    endpoint->answers[token] = R"({"active":true,"sub":"ann","aud":"https://calendar.example"})";
    const auto outcome = check(token);
    ASSERT_TRUE(outcome.token) << name(test::reason_of(outcome.token));
    EXPECT_EQ((*outcome.token)->issuer, 2U);
    EXPECT_EQ((*outcome.token)->subject, "ann")
        << "the introspection result counts, not the token's own claims";
    const auto inactive = test::make_token(R"({"iss":"https://legacy.example","sub":"bob"})");
    endpoint->answers[inactive] = R"({"active":false})";
    EXPECT_EQ(why(inactive), "token-inactive");
}

// The endpoint may leave out the token's binding and its kind.
TEST_F(opaque_tokens, keep_the_binding_and_kind_of_an_introspected_jwt)
{
    const auto thumbprint = std::string(42, 'x') + "A";
    const auto bound = R"({"cnf":{"jkt":")" + thumbprint + R"("}})";
    const auto token = test::make_token(R"({"iss":"https://legacy.example",)" + bound.substr(1));
    const std::string result = R"({"active":true,"aud":"https://calendar.example")";
    endpoint->answers[token] = result + "}";
    const auto outcome = check(token);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "unbound-token");
    EXPECT_EQ(test::cause_of(outcome.token), cause::cnf_not_understood);
    endpoint->answers[token] = result + "," + bound.substr(1);
    EXPECT_EQ(why(token), "allowed");

    const auto with_header = [](std::string_view header) {
        return jose::base64url_encode(header) + "." +
               jose::base64url_encode(R"({"iss":"https://legacy.example"})") + ".AAAA";
    };
    for (const auto& [header, expected] :
         {std::pair(R"({"alg":"RS256","typ":"logout+jwt"})", "wrong-token-type"),
          std::pair(R"({"alg":"RS256","crit":["x"]})", "critical-header"),
          std::pair(R"({"alg":"none"})", "unsupported-algorithm"),
          std::pair(R"({"alg":"HS256"})", "allowed")}) {
        endpoint->answers[with_header(header)] = result + "}";
        EXPECT_EQ(why(with_header(header)), expected) << header;
    }
}

TEST_F(opaque_tokens, include_an_encrypted_token)
{
    const auto token =
        jose::base64url_encode(R"({"alg":"dir","enc":"A256GCM","cty":"JWT"})") + "..AAAA.BBBB.CCCC";
    endpoint->answers[token] = R"({"active":true,"aud":"https://calendar.example"})";
    EXPECT_EQ(why(token), "allowed");
    const auto of_another =
        jose::base64url_encode(R"({"alg":"dir","enc":"A256GCM","iss":"https://first.example/"})") +
        "..AAAA.BBBB.CCCC";
    const auto outcome = check(of_another);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "malformed-token");
    EXPECT_EQ(test::cause_of(outcome.token), cause::token_encrypted);
    EXPECT_EQ(endpoint->asked.size(), 1U);
}

// One issuer may have both kinds of tokens. `iss` shows that a token is one of its JWTs.
TEST_F(opaque_tokens, exclude_jwts_of_an_issuer_with_keys)
{
    introspecting().keys = {policy::key_location::kind::url, "https://legacy.example/keys"};
    keys->give(2, test::keys_for({jose::algorithm::es256}));
    endpoint->answers["t"] = R"({"active":true,"aud":"https://calendar.example"})";
    EXPECT_EQ(why("t"), "allowed");
    const std::string claims =
        R"({"iss":"https://legacy.example","aud":"https://calendar.example","exp":1800000300})";
    EXPECT_EQ(why(test::make_token(claims, jose::algorithm::es256)), "allowed");
    EXPECT_EQ(endpoint->asked.size(), 1U);
}

} // namespace
