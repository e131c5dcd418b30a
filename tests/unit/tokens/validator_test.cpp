#include "tokens/validator.hpp"

#include "support/allocations.hpp"
#include "support/certificate_maker.hpp"
#include "support/reason_of.hpp"
#include "tokens/identity.hpp"
#include "tokens/key_store.hpp"
#include "unit/observe/captured_log.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace scopegate;
using jose::algorithm;
using test::now;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

constexpr std::size_t cache_bytes = 1 << 20;

// Returns the object with members added or replaced; null removes a member.
std::string changed(std::string_view text, std::string_view changes)
{
    const auto whole = json::parse(text);
    auto members = *whole->if_object();
    const auto others = json::parse(changes);
    for (const auto& [name, value] : *others->if_object()) {
        std::erase_if(members, [&name = name](const json::member& m) { return m.first == name; });
        if (!value.is_null())
            members.emplace_back(name, value);
    }
    return json::serialize(json::value(std::move(members)));
}

// Returns the claims of a token of the first issuer, with changes.
std::string claims(std::string_view changes = "{}")
{
    return changed(R"({"iss":"https://first.example/","aud":"https://calendar.example","sub":"ann",
        "exp":1800000300,"iat":1799999990,"scope":"read:app"})",
                   changes);
}

// Returns the claims of the second issuer, which requires RFC 9068 access tokens.
std::string second_claims(std::string_view changes = "{}")
{
    return changed(
        claims(R"({"iss":"https://second.example","client_id":"app","jti":"1","token_use":"access"})"),
        changes);
}

json::object header(std::string_view members)
{
    return *json::parse(members)->if_object();
}

struct validation : ::testing::Test {
    std::shared_ptr<policy::policy> policy = test::calendar_policy();
    std::shared_ptr<test::given_keys> keys = std::make_shared<test::given_keys>(2);
    tokens::validator validator{policy, keys, cache_bytes};

    validation()
    {
        keys->give(0, test::keys_for({algorithm::rs256, algorithm::es256, algorithm::eddsa}));
        keys->give(1, test::keys_for({algorithm::rs256}));
    }

    // Returns the name of the reason, so that a failure prints it.
    std::string_view check(const std::string& token)
    {
        const auto outcome = validator.check(token, now);
        return name(test::reason_of(outcome.token));
    }
};

TEST_F(validation, accepts_a_good_token_of_every_algorithm_that_has_a_key)
{
    for (const auto a : {algorithm::rs256, algorithm::es256, algorithm::eddsa})
        EXPECT_EQ(check(test::make_token(claims(), a)), "allowed") << jose::name(a);
    EXPECT_EQ(check(test::make_token(second_claims(), algorithm::rs256, header(R"({"typ":"at+jwt"})"))),
              "allowed");
}

struct negative {
    const char* why;
    reason refused;
    std::string token;
};

TEST_F(validation, refuses_each_invalid_token_with_its_reason)
{
    const auto rs = algorithm::rs256;
    const auto good = test::make_token(claims());
    const auto first_dot = good.find('.');
    const auto last_dot = good.rfind('.');
    const negative rows[] = {
        {"an opaque token", reason::malformed_token, "2YotnFZFEjr1zCsicMWpAA"},
        {"a byte that no token has", reason::malformed_credentials,
         good.substr(0, 40) + '!' + good.substr(41)},
        {"a blank in it", reason::malformed_credentials, good + " x"},
        {"nothing", reason::malformed_credentials, ""},
        {"padding only", reason::malformed_credentials, "=="},
        {"two parts", reason::malformed_token, good.substr(0, last_dot)},
        {"four parts", reason::malformed_token, good + ".x"},
        {"padding in a part", reason::malformed_token, good + "="},
        {"more than limits.headers", reason::token_too_large, good + std::string(32 * 1024, 'A')},
        {"a header that is no JSON", reason::malformed_token,
         test::make_token(claims()).replace(0, first_dot, "e30tLQ")},
        {"a payload that is no JSON", reason::malformed_token, test::make_token("not json")},
        {"a payload that is no object", reason::malformed_token, test::make_token("[1]")},
        {"a duplicate claim", reason::malformed_token,
         test::make_token(claims().insert(1, R"("sub":"eve",)"))},
        {"no issuer", reason::missing_claim, test::make_token(claims(R"({"iss":null})"))},
        {"an issuer that is a number", reason::malformed_token, test::make_token(claims(R"({"iss":7})"))},
        {"an issuer that nobody trusts", reason::unknown_issuer,
         test::make_token(claims(R"({"iss":"https://evil.example/"})"))},
        {"an issuer that lacks its slash", reason::unknown_issuer,
         test::make_token(claims(R"({"iss":"https://first.example"})"))},
        {"an issuer in another letter case", reason::unknown_issuer,
         test::make_token(claims(R"({"iss":"https://FIRST.example/"})"))},
        {"alg none", reason::unsupported_algorithm,
         test::make_token(claims(), rs, header(R"({"alg":"none"})"))},
        {"an algorithm that nobody knows", reason::unsupported_algorithm,
         test::make_token(claims(), rs, header(R"({"alg":"RS257"})"))},
        {"an algorithm that the issuer does not use", reason::unsupported_algorithm,
         test::make_token(second_claims(), algorithm::es256, header(R"({"typ":"at+jwt"})"))},
        {"HMAC with an asymmetric issuer", reason::unsupported_algorithm,
         test::make_token(claims(), algorithm::hs256)},
        {"crit", reason::critical_header, test::make_token(claims(), rs, header(R"({"crit":["exp"]})"))},
        {"b64", reason::critical_header, test::make_token(claims(), rs, header(R"({"b64":false})"))},
        {"a logout token", reason::wrong_token_type,
         test::make_token(claims(), rs, header(R"({"typ":"logout+jwt"})"))},
        {"no at+jwt where only that will do", reason::wrong_token_type, test::make_token(second_claims())},
        {"expired", reason::token_expired, test::make_token(claims(R"({"exp":1799999969})"))},
        {"no expiry", reason::missing_claim, test::make_token(claims(R"({"exp":null})"))},
        {"an expiry that is text", reason::malformed_token,
         test::make_token(claims(R"({"exp":"1800000300"})"))},
        {"not yet", reason::token_not_yet_valid, test::make_token(claims(R"({"nbf":1800000060})"))},
        {"issued in the future", reason::token_not_yet_valid,
         test::make_token(claims(R"({"iat":1800000060})"))},
        {"another audience", reason::wrong_audience,
         test::make_token(claims(R"({"aud":"https://other.example"})"))},
        {"no audience", reason::missing_claim, test::make_token(claims(R"({"aud":null})"))},
        {"without token_use", reason::missing_claim,
         test::make_token(second_claims(R"({"token_use":null})"), rs, header(R"({"typ":"at+jwt"})"))},
        {"an ID token of that issuer", reason::wrong_claim,
         test::make_token(second_claims(R"({"token_use":"id"})"), rs, header(R"({"typ":"at+jwt"})"))},
        {"bound to a key", reason::unbound_token, test::make_token(claims(R"({"cnf":{"jkt":"x"}})"))},
        {"signed by a stranger under our kid", reason::bad_signature,
         test::make_token(claims(), test::other_key_for(rs).with_kid(test::key_for(rs).kid()))},
        {"a payload that was changed", reason::bad_signature,
         good.substr(0, first_dot) +
             test::make_token(claims(R"({"sub":"eve"})")).substr(first_dot, last_dot - first_dot) +
             good.substr(last_dot)},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(r.why);
        EXPECT_EQ(check(r.token), name(r.refused));
        EXPECT_EQ(check(r.token), name(r.refused)) << "a refused token must not be cached";
    }
}

TEST_F(validation, applies_the_clock_skew_in_the_cache_too)
{
    const auto token = test::make_token(claims(R"({"exp":1800000010})"));
    EXPECT_EQ(name(test::reason_of(validator.check(token, now + 39999ms).token)), "allowed");
    EXPECT_EQ(name(test::reason_of(validator.check(token, now + 39999ms).token)), "allowed");
    EXPECT_EQ(name(test::reason_of(validator.check(token, now + 40s).token)), "token-expired");
    EXPECT_EQ(name(test::reason_of(validator.check(token, now + 41s).token)), "token-expired");
}

// The expensive check comes last: a token that is invalid otherwise must not cause a search for its key.
TEST_F(validation, requests_no_keys_before_the_cheap_checks)
{
    keys->refreshable = true;
    const auto stranger = test::other_key_for(algorithm::rs256);
    for (const char* change : {R"({"exp":1})", R"({"aud":"other"})", R"({"iss":"https://evil.example/"})"})
        EXPECT_EQ(validator.check(test::make_token(claims(change), stranger), now).wait_for_issuer, -1)
            << change;
    EXPECT_EQ(validator.check(test::make_token(claims(), stranger, header(R"({"alg":"none"})")), now)
                  .wait_for_issuer,
              -1);
    EXPECT_EQ(validator.check(test::make_token(claims(), stranger), now).wait_for_issuer, 0);
}

TEST_F(validation, denies_an_unknown_key_only_after_a_fetch)
{
    const auto token = test::make_token(claims(), test::other_key_for(algorithm::rs256));

    keys->refreshable = true;
    auto outcome = validator.check(token, now);
    EXPECT_EQ(outcome.wait_for_issuer, 0) << "newer keys may arrive";
    EXPECT_EQ(name(test::reason_of(outcome.token)), "key-pending")
        << "a request that does not wait must not get a 401";

    outcome = validator.check(token, now, true);
    EXPECT_EQ(outcome.wait_for_issuer, -1);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "unknown-key") << "the fetch did not bring the key";

    keys->fetched_well = false;
    outcome = validator.check(token, now, true);
    EXPECT_EQ(outcome.wait_for_issuer, -1);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "keys-unavailable")
        << "the fetch failed: our fault, not the token's";

    keys->fetched_well = true;
    keys->refreshable = false;
    outcome = validator.check(token, now);
    EXPECT_EQ(outcome.wait_for_issuer, -1);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "unknown-key")
        << "a fetch has shown that the key does not exist";
    const auto other = test::make_token(claims(), test::other_key_for(algorithm::rs256).with_kid("newer"));
    outcome = validator.check(other, now);
    EXPECT_EQ(outcome.wait_for_issuer, -1);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "key-pending") << "a new name, between two fetches";
    EXPECT_EQ(test::cause_of(outcome.token), cause::kid_inside_cooldown);
}

// An issuer may publish a new key under an old name.
TEST_F(validation, denies_a_bad_signature_under_a_known_kid_at_once_and_requests_newer_keys)
{
    keys->refreshable = true;
    const auto forged = test::make_token(
        claims(), test::other_key_for(algorithm::rs256).with_kid(test::key_for(algorithm::rs256).kid()));
    const auto outcome = validator.check(forged, now);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "bad-signature");
    EXPECT_EQ(outcome.wait_for_issuer, -1);
    EXPECT_EQ(keys->requested, 1);
}

// A PEM key has no kid: after a rotation only a fetch tells a token of the new key from a forgery.
TEST_F(validation, waits_for_newer_keys_if_the_keys_have_no_kid)
{
    std::vector<std::string> warnings;
    const auto pem = test::self_signed(test::certificate_wish{"DNS:a.example"}).certificate;
    keys->give(0, std::make_shared<const jose::jwk_set>(*jose::jwk_set::parse(pem, warnings)));
    keys->refreshable = true;
    const auto token = test::make_token(claims(), algorithm::es256);
    auto outcome = validator.check(token, now);
    EXPECT_EQ(outcome.wait_for_issuer, 0);
    EXPECT_EQ(keys->requested, 0);
    outcome = validator.check(token, now, true);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "bad-signature");
    EXPECT_EQ(outcome.wait_for_issuer, -1);
}

// One row for each member: the cause, and what the log may show once the issuer's signature is verified.
TEST_F(validation, names_the_member_that_is_wrong)
{
    struct row {
        const char* changes;
        cause why;
        const char* member; // the member of the description, and its text
        const char* text;
    };
    const row rows[] = {
        {R"({"sub":42})", cause::sub_not_string, "sub", "42"},
        {R"({"jti":["1"]})", cause::jti_not_string, "jti", R"(["1"])"},
        {R"({"exp":"1999999999"})", cause::exp_not_number, "exp", "1999999999"},
        {R"({"nbf":{}})", cause::nbf_not_number, "nbf", "{}"},
        {R"({"iat":true})", cause::iat_not_number, "iat", "true"},
        {R"({"aud":[null,"https://calendar.example"]})", cause::aud_not_string, "aud",
         R"([null,"https://calendar.example"])"},
        {R"({"aud":{"a":1}})", cause::aud_not_string, "aud", R"({"a":1})"},
        {R"({"aud":"https://other.example"})", cause::none, "wanted", "https://calendar.example"},
        {R"({"nbf":1800000060})", cause::nbf_in_future, "wanted", "at most 1800000030 (now plus 30 s)"},
        {R"({"iat":1800000060})", cause::iat_in_future, "iat", "1800000060"},
        {R"({"exp":1799999969})", cause::none, "wanted", "exp later than 1799999970 (now minus 30 s)"},
        {R"({"cnf":{"kid":"x"}})", cause::cnf_not_understood, "iss", "https://first.example/"},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(r.changes);
        const auto outcome = validator.check(test::make_token(claims(r.changes)), now);
        EXPECT_EQ(name(test::cause_of(outcome.token)), name(r.why));
        ASSERT_NE(outcome.unverified_claims, nullptr);
        const auto& all = outcome.unverified_claims->all();
        const auto found =
            std::find_if(all.begin(), all.end(), [&](const auto& m) { return m.first == r.member; });
        ASSERT_NE(found, all.end()) << tokens::to_json(all);
        EXPECT_EQ(found->second, r.text);
    }
}

// Claims of a forged token show only if the file asks for them.
TEST_F(validation, describes_an_unsigned_token_only_with_log_unverified)
{
    const auto stranger = test::other_key_for(algorithm::rs256);
    const std::string tokens_of_strangers[] = {
        test::make_token(claims(R"({"aud":"x"})"), stranger),
        test::make_token(claims(R"({"aud":"x"})"), stranger.with_kid(test::key_for(algorithm::rs256).kid())),
        test::make_token(claims(), stranger.with_kid(test::key_for(algorithm::rs256).kid())),
        test::make_token(claims(R"({"iss":"https://evil.example/"})")),
        test::make_token(claims(), algorithm::rs256, header(R"({"alg":"none"})")),
    };
    for (const auto& token : tokens_of_strangers)
        EXPECT_EQ(validator.check(token, now).unverified_claims, nullptr);
    policy->log.unverified = true;
    tokens::validator telling{policy, keys, cache_bytes};
    policy->log.unverified = false;
    policy->log.at = policy::log_settings::level::debug;
    tokens::validator debugging{policy, keys, cache_bytes};
    for (const auto& token : tokens_of_strangers) {
        EXPECT_NE(telling.check(token, now).unverified_claims, nullptr);
        EXPECT_NE(debugging.check(token, now).unverified_claims, nullptr);
    }
    const auto unknown = telling.check(tokens_of_strangers[3], now);
    EXPECT_EQ(unknown.unverified_claims->all().back().second,
              "https://first.example/, https://second.example");
}

// The gate checks the signature of a refused token only for the log, so the number of such checks is bounded.
TEST_F(validation, checks_few_signatures_for_the_log)
{
    const auto expired = test::make_token(claims(R"({"exp":1})"));
    int described = 0;
    for (int i = 0; i < 300; ++i)
        described +=
            validator.check(expired, now + std::chrono::milliseconds(i)).unverified_claims != nullptr ? 1 : 0;
    EXPECT_EQ(described, 100);
    EXPECT_NE(validator.check(expired, now + 2s).unverified_claims, nullptr) << "in the next second";
}

TEST_F(validation, names_a_slash_by_which_an_issuer_differs)
{
    EXPECT_EQ(test::cause_of(
                  validator.check(test::make_token(claims(R"({"iss":"https://first.example"})")), now).token),
              cause::iss_differs_by_slash);
    EXPECT_EQ(
        test::cause_of(
            validator.check(test::make_token(claims(R"({"iss":"https://second.example/"})")), now).token),
        cause::iss_differs_by_slash);
    EXPECT_EQ(
        test::cause_of(
            validator.check(test::make_token(claims(R"({"iss":"https://third.example/"})")), now).token),
        cause::none);
}

TEST_F(validation, finds_the_trust_domain_of_a_token_without_an_issuer)
{
    auto& domain = policy->issuers.at(1);
    domain = {};
    domain.issuer = "spiffe://td.test";
    domain.audience = {"https://calendar.example"};
    tokens::validator svids(policy, keys, cache_bytes);
    const struct {
        const char *sentence, *changes, *reason;
    } rows[] = {
        {"a workload", R"({"iss":null,"sub":"spiffe://td.test/app"})", "allowed"},
        {"another trust domain", R"({"iss":null,"sub":"spiffe://other.test/app"})", "unknown-issuer"},
        {"a workload with the first issuer's iss", R"({"sub":"spiffe://td.test/app"})", "allowed"},
        {"a workload with a stranger's iss", R"({"iss":"https://x.example","sub":"spiffe://td.test/app"})",
         "unknown-issuer"},
        {"no exp", R"({"iss":null,"sub":"spiffe://td.test/app","exp":null})", "missing-claim"},
        {"no aud", R"({"iss":null,"sub":"spiffe://td.test/app","aud":null})", "missing-claim"},
    };
    for (const auto& row : rows) {
        const auto outcome = svids.check(test::make_token(claims(row.changes)), now);
        EXPECT_EQ(name(test::reason_of(outcome.token)), row.reason) << row.sentence;
        if (outcome.token) {
            EXPECT_EQ((*outcome.token)->issuer, row.changes[2] == 'i' ? 1U : 0U) << row.sentence;
        }
    }
    const auto typed =
        test::make_token(claims(rows[0].changes), algorithm::rs256, header(R"({"typ":"JOSE"})"));
    EXPECT_TRUE(svids.check(typed, now).token);
}

TEST_F(validation, treats_a_null_claim_as_absent)
{
    const auto with_null = [](std::string_view name) {
        auto text = claims();
        return test::make_token(text.insert(1, "\"" + std::string(name) + "\":null,"));
    };
    for (const auto* name : {"nbf", "jti", "client_id", "azp", "scp", "roles", "auth_time", "whatever"})
        EXPECT_EQ(check(with_null(name)), "allowed") << name;
    EXPECT_EQ(check(with_null("cnf")), "unbound-token") << "a malformed `cnf` must not count as absent";
    auto without = json::parse(claims());
    for (const auto& [name, why] :
         {std::pair("exp", cause::exp_missing), {"aud", cause::aud_missing}, {"iss", cause::iss_missing}}) {
        auto members = *without->if_object();
        for (auto& [member, value] : members)
            if (member == name)
                value = json::value();
        const auto outcome =
            validator.check(test::make_token(json::serialize(json::value(std::move(members)))), now);
        EXPECT_EQ(scopegate::name(test::reason_of(outcome.token)), "missing-claim") << name;
        EXPECT_EQ(test::cause_of(outcome.token), why) << name;
    }
}

TEST_F(validation, accepts_ed25519_as_another_name_of_eddsa)
{
    const auto named = test::make_token(claims(), algorithm::eddsa, header(R"({"alg":"Ed25519"})"));
    EXPECT_EQ(check(named), "allowed");
    EXPECT_EQ(check(test::make_token(claims(), algorithm::rs256, header(R"({"alg":"Ed25519"})"))),
              "unsupported-algorithm")
        << "the key under that kid belongs to another algorithm";
}

// In a rotation, one of 50 requests got a 503: it had read the old keys, and then found that the fetch had
// ended.
TEST_F(validation, notices_keys_that_arrive_between_two_checks)
{
    keys->give(0, test::keys_for({algorithm::es256}));
    keys->when_asked = [this] {
        keys->when_asked = nullptr;
        keys->give(0, test::keys_for({algorithm::es256, algorithm::rs256}));
    };
    EXPECT_EQ(check(test::make_token(claims(), algorithm::rs256)), "allowed");
    EXPECT_EQ(keys->when_asked, nullptr) << "the validator did not request keys";
}

TEST_F(validation, uses_all_keys_of_a_key_file)
{
    keys->refreshable = true;
    const auto outcome =
        validator.check(test::make_token(second_claims(), test::other_key_for(algorithm::rs256),
                                         header(R"({"typ":"at+jwt"})")),
                        now);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "unknown-key");
    EXPECT_EQ(outcome.wait_for_issuer, -1);
}

TEST_F(validation, fails_with_503_at_once_without_any_keys)
{
    keys->refreshable = true;
    keys->give(0, nullptr);
    const auto outcome = validator.check(test::make_token(claims()), now);
    EXPECT_EQ(name(test::reason_of(outcome.token)), "keys-unavailable");
    EXPECT_EQ(outcome.wait_for_issuer, -1);
}

TEST_F(validation, accepts_new_tokens_and_verifies_old_ones_again_after_a_rotation)
{
    const auto& old_key = test::key_for(algorithm::rs256);
    const auto& new_key = test::other_key_for(algorithm::rs256);
    const auto old_token = test::make_token(claims(), old_key);
    const auto new_token = test::make_token(claims(), new_key);
    EXPECT_EQ(check(old_token), "allowed");
    EXPECT_EQ(check(new_token), "key-pending");

    const jose::signing_key both[] = {old_key, new_key};
    std::vector<std::string> warnings;
    const auto parse = [&](std::span<const jose::signing_key> of) {
        return std::make_shared<const jose::jwk_set>(
            *jose::jwk_set::parse(jose::public_jwk_set(of), warnings));
    };
    keys->give(0, parse(both));
    EXPECT_EQ(check(old_token), "allowed");
    EXPECT_EQ(check(new_token), "allowed");

    keys->give(0, parse(std::span(both).subspan(1)));
    EXPECT_EQ(check(old_token), "key-pending") << "the key was withdrawn, so the cached token must not count";
    EXPECT_EQ(check(new_token), "allowed");
}

TEST_F(validation, keeps_cached_tokens_of_other_issuers_in_a_rotation)
{
    const auto first = test::make_token(claims());
    const auto second = test::make_token(second_claims(), algorithm::rs256, header(R"({"typ":"at+jwt"})"));
    ASSERT_EQ(check(first), "allowed");
    ASSERT_EQ(check(second), "allowed");
    const auto remembered = test::value_or_null(validator.check(second, now).token);
    keys->give(0, test::keys_for({algorithm::rs256}));
    EXPECT_EQ(test::value_or_null(validator.check(second, now).token), remembered);
    const auto again = test::value_or_null(validator.check(first, now).token);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(test::value_or_null(validator.check(first, now).token), again);
}

TEST_F(validation, allocates_nothing_for_a_token_seen_before)
{
    const auto token = test::make_token(claims());
    ASSERT_EQ(check(token), "allowed");
    const test::allocation_scope heap;
    for (int i = 0; i < 100; ++i)
        EXPECT_TRUE(validator.check(token, now).token);
    EXPECT_EQ(heap.count(), 0U);
}

// CVE-2021-32701 (ory/oathkeeper#743) and similar ones: a cached result skipped the scope check of the next
// route.
TEST_F(validation, caches_claims_and_never_decisions)
{
    const auto token = test::make_token(claims(R"({"scope":"read:app"})"));
    for (int round = 0; round < 3; ++round) {
        const auto valid = test::value_or_null(validator.check(token, now).token);
        ASSERT_NE(valid, nullptr);
        const auto bearer = valid->as_bearer();
        const auto read = policy::decide(*policy, policy->match("/read", "GET"), &bearer, now);
        const auto write = policy::decide(*policy, policy->match("/write", "GET"), &bearer, now);
        EXPECT_TRUE(std::holds_alternative<policy::permit>(read));
        ASSERT_TRUE(std::holds_alternative<policy::denial>(write));
        EXPECT_EQ(name(std::get<policy::denial>(write).why), "insufficient-scope");
    }
}

TEST_F(validation, keeps_only_the_claims_that_conditions_use)
{
    auto& needs = policy->routes.front().methods.front().second;
    needs.conditions.emplace_back(policy::acr_condition{{"gold"}});
    needs.conditions.emplace_back(policy::max_age_condition{300s});
    needs.conditions.emplace_back(policy::where_condition{0, "user", json::path("/org/users/1")});
    tokens::validator conditional{policy, keys, cache_bytes};
    const auto made = [&](std::string_view acr) {
        return test::make_token(claims(R"({"scope":"read:app","auth_time":)" +
                                       std::to_string(std::chrono::system_clock::to_time_t(now)) +
                                       R"(,"org":{"users":["eve","ann"]},"acr":")" + std::string(acr) +
                                       "\"}"));
    };
    auto match = policy->match("/read", "GET");
    match.values = {{"ann"}, 1};
    for (int round = 0; round < 2; ++round) { // new, then cached
        const auto valid = test::value_or_null(conditional.check(made("gold"), now).token);
        ASSERT_NE(valid, nullptr);
        EXPECT_EQ(valid->claims.find("iss"), nullptr);
        const auto bearer = valid->as_bearer();
        EXPECT_TRUE(std::holds_alternative<policy::permit>(policy::decide(*policy, match, &bearer, now)));
        EXPECT_TRUE(
            std::holds_alternative<policy::denial>(policy::decide(*policy, match, &bearer, now + 331s)));
        const auto weak = test::value_or_null(conditional.check(made("bronze"), now).token);
        const auto weak_bearer = weak->as_bearer();
        EXPECT_TRUE(
            std::holds_alternative<policy::denial>(policy::decide(*policy, match, &weak_bearer, now)));
    }
}

// haproxy-lua-oauth, kong-plugin-jwt-keycloak#31: a substring match let `my-scope` satisfy `scope`.
TEST_F(validation, compares_whole_scopes)
{
    for (const char* scope :
         {"read:app2", "xread:app", "read:ap", "READ:APP", "read:app,write:app", "read:app\\t"}) {
        SCOPED_TRACE(scope);
        const auto valid =
            validator.check(test::make_token(claims(std::string(R"({"scope":")") + scope + "\"}")), now)
                .token;
        ASSERT_TRUE(valid);
        const auto bearer = (*valid)->as_bearer();
        EXPECT_TRUE(std::holds_alternative<policy::denial>(
            policy::decide(*policy, policy->match("/read", "GET"), &bearer, now)));
    }
}

// --- the meaning of claims under a policy ---

tokens::token_ptr interpret(const policy::policy& p, std::string_view text)
{
    return tokens::interpret_claims(p, 0, *json::parse(text));
}

TEST(interpretation, joins_the_scopes_of_all_scope_claims)
{
    const auto p = test::calendar_policy();
    const auto token = interpret(*p, R"({"scope":"openid read:app","scp":["write:app","offline_access"]})");
    EXPECT_THAT(p->scopes.names(token->scopes.effective), ElementsAre("read:app", "write:app"));
    EXPECT_THAT(token->undeclared_scopes, ElementsAre("openid", "offline_access"));
}

TEST(interpretation, yields_the_identity_and_the_expiry)
{
    const auto p = test::calendar_policy();
    const auto token = interpret(*p, R"({"sub":"ann","azp":"app","exp":1800000000.5})");
    EXPECT_EQ(token->subject, "ann");
    EXPECT_EQ(token->client_id, "app") << "azp replaces a missing client_id";
    EXPECT_EQ(token->expires, wall_time(1'800'000'030'500ms));
    EXPECT_EQ(interpret(*p, R"({"client_id":"mine","azp":"app"})")->client_id, "mine");
    EXPECT_EQ(interpret(*p, "{}")->expires, wall_time::max()) << "claims given to `explain` may lack exp";
}

TEST(interpretation, reports_an_unusable_claim)
{
    const auto p = test::calendar_policy();
    p->scope_cap.permissions = jose::names_claim(json::path("permissions"));
    auto& roles = *(p->scope_cap.by_role = policy::scope_cap::roles{});
    roles.claim.claim = json::path("roles");
    roles.allow["admin"];
    const struct {
        const char* claims;
        cause oddity;
    } rows[] = {
        {R"({"scope":"read:app","permissions":["read:app"],"roles":["admin"]})", cause::none},
        {R"({"permissions":"read:app","roles":"admin"})", cause::none},
        {R"({"permissions":[],"roles":[]})", cause::none},
        {R"({"permissions":null,"roles":null})", cause::none},
        {"{}", cause::none},
        {R"({"scope":{"read":true}})", cause::scope_claim_shape},
        {R"({"scp":[{"name":"read:app"}]})", cause::scope_claim_shape},
        {R"({"permissions":[{"rsname":"x","scopes":["read:app"]}]})", cause::permissions_claim_shape},
        {R"({"roles":{"admin":{"1":"x.test"}}})", cause::none},
        {R"({"roles":{"viewer":{"1":"x.test"}}})", cause::no_listed_role},
        {R"({"roles":{"admin":false}})", cause::none},
        {R"({"roles":7})", cause::roles_claim_shape},
        {R"({"roles":["guest","viewer"]})", cause::no_listed_role},
        {R"({"roles":"Internal/everyone,admin"})", cause::no_listed_role},
    };
    for (const auto& row : rows)
        EXPECT_EQ(scopegate::name(interpret(*p, row.claims)->oddity), scopegate::name(row.oddity))
            << row.claims;
}

struct line {
    const char* why;
    const char* claims;
    const char* expected;
};

TEST(identity, contains_what_the_upstream_may_rely_on)
{
    const auto p = test::calendar_policy();
    p->issuers.resize(1);
    using source = policy::identity_header::source;
    p->upstream.headers.push_back({"X-Groups", source::claim, json::path("groups")});
    p->upstream.headers.push_back({"X-Country", source::claim, json::path("/address/country")});
    const line rows[] = {
        {"nothing", "{}", ""},
        {"the default three", R"({"sub":"ann","client_id":"app","scope":"write:app openid read:app"})",
         "X-Auth-Subject: ann\r\nX-Auth-Client: app\r\nX-Auth-Scopes: read:app write:app\r\n"},
        {"a client without client_id", R"({"azp":"app"})", "X-Auth-Client: app\r\n"},
        {"a number keeps its text", R"({"sub":12345678901234567890})",
         "X-Auth-Subject: 12345678901234567890\r\n"},
        {"an array", R"({"groups":["a","b",3,true]})", "X-Groups: a b 3 true\r\n"},
        {"a pointer", R"({"address":{"country":"PT"}})", "X-Country: PT\r\n"},
        {"letters beyond ASCII", "{\"sub\":\"J\xc3\xb6rg\"}", "X-Auth-Subject: J\xc3\xb6rg\r\n"},
        {"null", R"({"sub":null})", ""},
        {"an object", R"({"sub":{"a":1}})", ""},
        {"an array with an object", R"({"groups":["a",{"b":1}]})", ""},
        {"an empty value", R"({"sub":"","groups":[]})", ""},
        {"a line break would be a header of the token's making", R"({"sub":"a\r\nX-Admin: 1"})", ""},
        {"a line break in an array", R"({"groups":["a","b\nX-Admin: 1"]})", ""},
        {"a null byte", R"({"sub":"a\u0000"})", ""},
        {"a tab", R"({"sub":"a\tb"})", ""},
        {"a delete", R"({"sub":"a\u007f"})", ""},
        {"a control beyond ASCII", R"({"sub":"a\u0085b"})", ""},
        {"whitespace that would be trimmed away", R"({"sub":" admin"})", ""},
        {"whitespace behind", R"({"sub":"admin "})", ""},
        {"a group that would be split in two", R"({"groups":["x admin"]})", ""},
    };
    for (const auto& r : rows)
        EXPECT_EQ(interpret(*p, r.claims)->identity_lines, r.expected) << r.why;
}

// Without this line, nobody could find out why an API misses a user's groups.
TEST(identity, reports_claims_that_no_header_can_carry)
{
    const auto p = test::calendar_policy();
    p->upstream.headers = {{.name = "X-Groups", .claim = json::path("groups")}};
    const auto logged = [&](std::string_view claims) {
        const observe::captured_log log(policy::log_settings::level::debug);
        static_cast<void>(interpret(*p, claims));
        return log.flushed();
    };
    // The event has at most one line a second in the whole process.
    const auto awaited = [&](std::string_view claims) {
        std::string line;
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (line.empty() && std::chrono::steady_clock::now() < deadline) {
            line = logged(claims);
            std::this_thread::yield();
        }
        return line;
    };
    const auto without_value = awaited(R"({"groups":["Domain Users\n","admins"]})");
    EXPECT_THAT(without_value,
                ::testing::HasSubstr(R"("event":"identity_header_left_out","header":"X-Groups",)"
                                     R"("why":"it contains a control character")"));
    EXPECT_THAT(without_value, ::testing::Not(::testing::HasSubstr("Domain"))) << "values may be private";
    p->log.at = policy::log_settings::level::debug;
    EXPECT_THAT(
        awaited(R"({"groups":["Domain Users","J\u00f6rg"]})"),
        ::testing::HasSubstr(
            R"("why":"an element is empty or contains a space; choose `list: comma` or `list: json`",)"
            R"("value":"[\"Domain Users\",\"J\\xC3\\xB6rg\"]")"));
    for (const auto* carried :
         {R"({"groups":["sales","admins"]})", R"({"groups":[]})", R"({"groups":null})", "{}"})
        EXPECT_EQ(logged(carried), "") << carried;
}

// An encoding makes a claim up to six times as long, and the file may name it in several headers.
TEST(identity, is_bounded_like_the_headers_of_a_request)
{
    const auto p = test::calendar_policy();
    p->server.limits.headers = 1024;
    p->upstream.headers = {
        {.name = "X-Sub", .claim = json::path("sub")},
        {.name = "X-Name", .claim = json::path("name"), .encode = policy::identity_header::encoding::percent},
        {.name = "X-Last", .claim = json::path("sub")}};
    const auto lines = [&](std::size_t letters) {
        std::string name;
        for (std::size_t i = 0; i < letters; ++i)
            name += "\xc3\xb6";
        return interpret(*p, R"({"sub":"ann","name":")" + name + "\"}")->identity_lines;
    };
    EXPECT_THAT(lines(150), ::testing::HasSubstr("X-Name: %C3%B6"));
    EXPECT_LE(lines(150).size(), 1024U);
    const auto without = "X-Sub: ann\r\nX-Last: ann\r\nX-Auth-Issuer: https://first.example/\r\n";
    EXPECT_EQ(lines(200), without) << "what would exceed the limit is left out";
    EXPECT_EQ(lines(20'000), without);
    p->server.limits.headers = 0;
    EXPECT_GT(lines(200).size(), 1200U);
    EXPECT_EQ(lines(20'000), without) << "no limit is 63 KiB";
}

TEST(interpretation, knows_the_resources_that_a_token_is_for)
{
    const auto p = test::calendar_policy();
    p->issuers.resize(1);
    EXPECT_EQ(interpret(*p, R"({"aud":"x"})")->resources, ~std::uint64_t{0}) << "the file has one resource";
    p->issuers[0].audience = {"own", "x", "y1", "y2"};
    p->issuers[0].own_audience = {"own"};
    p->metadata.resources.push_back({"/x", "https://h.example/x", "", {"x"}, {}});
    p->metadata.resources.push_back({"/y", "https://h.example/y", "", {"y1", "y2"}, {}});
    const struct {
        const char* claims;
        std::uint64_t resources;
    } rows[] = {
        {R"({"aud":"own"})", 1},
        {R"({"aud":"x"})", 2},
        {R"({"aud":["y2"]})", 4},
        {R"({"aud":["x","other","own"]})", 3},
        {R"({"aud":"X"})", 0},
        {R"({"aud":"x y1"})", 0},
        {R"({"aud":["x",7]})", 0},
        {R"({"aud":{"x":true}})", 0},
        {R"({})", 0},
    };
    for (const auto& row : rows)
        EXPECT_EQ(interpret(*p, row.claims)->resources, row.resources) << row.claims;
    p->issuers[0].audience = {"x", "y1"};
    EXPECT_EQ(interpret(*p, R"({"aud":["x","y2"]})")->resources, 2U)
        << "not what the file does not list for the issuer";
    p->issuers[0].audience.clear();
    p->issuers[0].own_audience.clear();
    EXPECT_EQ(interpret(*p, "{}")->resources, 1U) << "an endpoint that names no audience";
    EXPECT_EQ(interpret(*p, R"({"aud":"z"})")->resources, 1U) << "one that names other things";
    EXPECT_EQ(interpret(*p, R"({"aud":"x"})")->resources, 2U) << "a token for one resource is for no other";
    EXPECT_EQ(interpret(*p, R"({"aud":["y1","x"]})")->resources, 6U);
}

TEST(identity, names_the_issuer_if_the_file_has_several)
{
    struct row {
        const char* why;
        const char* header; // the field in upstream.headers that holds the claim `iss`, or null
        std::size_t issuers;
        std::size_t issuer; // the token's issuer
        const char* lines;
        std::vector<std::string> names;
    };
    const row rows[] = {
        {"one issuer", nullptr, 1, 0, "", {"X-Auth-Issuer"}},
        {"the first of two", nullptr, 2, 0, "X-Auth-Issuer: https://first.example/\r\n", {"X-Auth-Issuer"}},
        {"the second of two", nullptr, 2, 1, "X-Auth-Issuer: https://second.example\r\n", {"X-Auth-Issuer"}},
        {"a header of the file's own", "X-Auth-Issuer", 2, 1, "X-Auth-Issuer: me\r\n", {"X-Auth-Issuer"}},
        {"in another spelling", "x_auth_issuer", 2, 1, "x_auth_issuer: me\r\n", {"x_auth_issuer"}},
        {"with another name",
         "X-From",
         2,
         1,
         "X-From: me\r\nX-Auth-Issuer: https://second.example\r\n",
         {"X-From", "X-Auth-Issuer"}},
    };
    for (const auto& r : rows) {
        const auto p = test::calendar_policy();
        p->issuers.resize(r.issuers);
        p->upstream.headers.clear();
        if (r.header != nullptr)
            p->upstream.headers.push_back(
                {r.header, policy::identity_header::source::claim, json::path("iss")});
        const auto token = tokens::interpret_claims(*p, r.issuer, *json::parse(R"({"iss":"me"})"));
        EXPECT_EQ(token->identity_lines, r.lines) << r.why;
        EXPECT_EQ(tokens::identity_names(*p), r.names) << r.why;
    }
}

} // namespace
