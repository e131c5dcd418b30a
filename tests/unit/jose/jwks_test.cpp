#include "jose/jwks.hpp"
#include "key_sets.hpp"
#include "material.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string set_text(const std::vector<json::value>& keys)
{
    return json::serialize(json::value(json::object{{"keys", json::value(json::array(keys))}}));
}

json::value key_named(std::string kid, algorithm a = algorithm::es256)
{
    return with(key_for(a).public_jwk(), "kid", text(std::move(kid)));
}

TEST(jwk_set, is_refused_if_malformed)
{
    const struct {
        const char* sentence;
        std::string text, fault;
    } rows[] = {
        {"nothing", "", "not strict JSON"},
        {"a web page", "<html>Sign in</html>", "a web page"},
        {"half a certificate", "-----BEGIN CERTIFICATE-----\n", "this PEM is broken or cut off"},
        {"an array", "[]", R"(it has no array "keys")"},
        {"another document", R"({"issuer":"x"})", R"(it has no array "keys")"},
        {"keys that are no array", R"({"keys":{}})", R"(it has no array "keys")"},
        {"a single key", R"({"kty":"RSA"})", "this is a single key"},
        {"a duplicate member", R"({"keys":[],"keys":[]})", "has a duplicate member"},
        {"something behind", R"({"keys":[]} x)", "not strict JSON"},
        {"too long", R"({"keys":[],"x":")" + std::string(max_jwk_set_bytes, 'x') + "\"}",
         "longer than 1048576 bytes"},
        {"too many keys", set_text(std::vector<json::value>(501)), "more than 500 keys"},
    };
    for (const auto& row : rows) {
        const auto set = parsed(row.text);
        EXPECT_FALSE(set.keys.has_value()) << row.sentence;
        EXPECT_THAT(set.fault, HasSubstr(row.fault)) << row.sentence;
    }
}

TEST(jwk_set, skips_broken_keys_and_reports_them)
{
    const auto weak = parse_json(R"({"kty":"RSA","kid":"old \"key\"\n","n":"AQAB","e":"AQAB"})");
    const auto set =
        parsed(set_text({weak, key_named("good"), text("x"), parse_json(R"({"kty":"oct","k":"c2VjcmV0"})"),
                         with(key_named("leaked"), "d", text("c2VjcmV0"))}));
    ASSERT_TRUE(set.keys.has_value()) << set.fault;
    EXPECT_EQ(set.keys->size(), 1U);
    EXPECT_THAT(
        set.warnings,
        ElementsAre(
            R"(key "old \"key\"\n" is ignored: RSA of 17 bits is too weak: at least 2048 are required)",
            "key 3 is ignored: it is not a JSON object",
            "key 4 is ignored: a secret (oct) must not be published",
            R"(key "leaked" is ignored: it contains private key material (d), which is compromised )"
            "once it is published"));
    for (const auto& warning : set.warnings)
        EXPECT_THAT(warning, testing::Not(HasSubstr("c2VjcmV0")));
}

TEST(jwk_set, skips_a_key_with_a_duplicate_member)
{
    const auto good = json::serialize(key_named("good"));
    const auto set = parsed(R"({"keys":[{"kty":"EC","kid":"x","kid":"y","crv":"P-256"},)" + good + "]}");
    ASSERT_TRUE(set.keys.has_value()) << set.fault;
    EXPECT_EQ(set.keys->size(), 1U);
    EXPECT_THAT(set.warnings, ElementsAre("key 1 is ignored: it is not a JSON object"));
    EXPECT_FALSE(parsed(R"({"keys":[)" + good + R"(],"keys":[]})").keys.has_value())
        << "a set with a duplicate `keys` is ambiguous";
}

// Many serializers write null for each member that they know and do not set.
TEST(jwk_set, treats_a_null_member_as_absent)
{
    for (const auto* name : {"kid", "use", "alg", "key_ops", "x5c", "x5t", "x5u", "d", "oth"}) {
        const auto set = parsed(set_text({with(key_named("k"), name, json::value())}));
        ASSERT_TRUE(set.keys.has_value()) << set.fault;
        EXPECT_EQ(set.keys->size(), 1U) << name;
        EXPECT_THAT(set.warnings, IsEmpty()) << name;
    }
    EXPECT_TRUE(parsed(set_text({with(key_named("k"), "crv", json::value())})).keys->empty())
        << "this member is required";
    EXPECT_FALSE(parsed(R"({"keys":null})").keys.has_value());
}

// Entra ID publishes the keys of all tenants together, and in each key whose tokens it signs.
TEST(jwk_set, selects_by_the_issuer_that_a_key_states)
{
    const auto stating = [](const char* kid, const char* issuer) {
        return with(key_named(kid), "issuer", json::value(std::string(issuer)));
    };
    const auto set = parsed(
        set_text({stating("one", "https://a/one"), stating("all", "https://a/{tenantid}"),
                  key_named("silent"), with(key_named("number"), "issuer", json::value::number("7"))}));
    ASSERT_TRUE(set.keys.has_value()) << set.fault;
    EXPECT_EQ(set.warnings.size(), 1U) << "an issuer that is not text";
    const std::vector<std::string> of_one{"https://a/one", "https://a/{tenantid}"};
    const std::vector<std::string> of_two{"https://a/two", "https://a/{tenantid}"};
    const struct {
        const char* sentence;
        std::optional<std::string> kid;
        std::vector<std::string> issuers;
        std::size_t candidates;
        bool unknown;
    } rows[] = {
        {"its own", "one", of_one, 1, false},
        {"another tenant's, as if it were not there", "one", of_two, 0, true},
        {"nobody asks", "one", {}, 1, false},
        {"that of all tenants", "all", of_two, 1, false},
        {"one that states nothing", "silent", of_two, 1, false},
        {"without a kid all that count", std::nullopt, of_two, 2, false},
    };
    for (const auto& row : rows) {
        const auto selected = set.keys->select(row.kid, algorithm::es256, row.issuers);
        EXPECT_EQ(selected.candidates.size(), row.candidates) << row.sentence;
        EXPECT_EQ(selected.unknown_key, row.unknown) << row.sentence;
    }
}

TEST(jwk_set, knows_ed25519_by_both_names)
{
    for (const auto* name : {"EdDSA", "Ed25519"}) {
        const auto set = parsed(set_text({with(key_named("k", algorithm::eddsa), "alg", text(name))}));
        ASSERT_TRUE(set.keys.has_value()) << set.fault;
        EXPECT_EQ(set.keys->select("k", algorithm::eddsa).candidates.size(), 1U) << name;
    }
    EXPECT_TRUE(parsed(set_text({with(key_named("k"), "alg", text("Ed25519"))})).keys->empty());
}

TEST(jwk_set, may_be_empty)
{
    const auto set = parsed(R"({"keys":[]})");
    ASSERT_TRUE(set.keys.has_value());
    EXPECT_TRUE(set.keys->empty());
    EXPECT_THAT(set.warnings, IsEmpty());
    EXPECT_TRUE(set.keys->select(std::nullopt, algorithm::rs256).unknown_key) << "a refetch may bring keys";
}

TEST(jwk_set, selects_by_kid_and_algorithm)
{
    const auto weak = parse_json(R"({"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"})");
    const auto set =
        parsed(set_text({key_named("a"), key_named("b", algorithm::rs256), weak, key_named("twice"),
                         key_named("twice", algorithm::eddsa), key_named("twice"),
                         without(key_named("", algorithm::es384), "kid"), key_named("")}));
    ASSERT_TRUE(set.keys.has_value()) << set.fault;
    const struct {
        const char* sentence;
        std::optional<std::string> kid;
        algorithm alg;
        std::size_t candidates;
        bool unknown;
    } rows[] = {
        {"the kid's key", "a", algorithm::es256, 1, false},
        {"the kid's key is for another algorithm", "a", algorithm::rs256, 0, false},
        {"its alg says RS256", "b", algorithm::ps256, 0, false},
        {"both keys that share a kid", "twice", algorithm::es256, 2, false},
        {"the one of three that fits", "twice", algorithm::eddsa, 1, false},
        {"an unknown kid", "c", algorithm::es256, 0, true},
        {"an empty kid is a kid", "", algorithm::es256, 1, false},
        {"a key without kid is not for a token with one", "d", algorithm::es384, 0, true},
        {"letter case counts", "A", algorithm::es256, 0, true},
        {"the kid of a key that was passed over: a refetch won't mend it", "weak", algorithm::rs256, 0,
         false},
        {"no kid: all that fit", std::nullopt, algorithm::es256, 4, false},
        {"no kid: the one without kid too", std::nullopt, algorithm::es384, 1, false},
        {"no kid and none fits", std::nullopt, algorithm::es512, 0, false},
        {"a secret's algorithm never fits", std::nullopt, algorithm::hs256, 0, false},
    };
    for (const auto& row : rows) {
        const auto selected = set.keys->select(row.kid, row.alg);
        EXPECT_EQ(selected.candidates.size(), row.candidates) << row.sentence;
        EXPECT_EQ(selected.unknown_key, row.unknown) << row.sentence;
    }
}

TEST(jwk_set, tries_eight_keys_at_most)
{
    const auto set = parsed(set_text(std::vector<json::value>(20, key_named("k"))));
    ASSERT_TRUE(set.keys.has_value());
    EXPECT_EQ(set.keys->size(), 20U);
    EXPECT_EQ(set.keys->select(std::nullopt, algorithm::es256).candidates.size(), 8U);
    EXPECT_EQ(set.keys->select("k", algorithm::es256).candidates.size(), 8U);
}

TEST(jwk_set, serves_every_kid_if_made_from_a_secret)
{
    const auto set = jwk_set::from_secret(secret(std::string(32, 's')));
    EXPECT_EQ(set.select("whatever", algorithm::hs256).candidates.size(), 1U);
    EXPECT_EQ(set.select(std::nullopt, algorithm::hs256).candidates.size(), 1U);
    EXPECT_TRUE(set.select("whatever", algorithm::hs512).candidates.empty()) << "the secret is too short";
    EXPECT_FALSE(set.select("whatever", algorithm::hs512).unknown_key);
    EXPECT_TRUE(set.select("whatever", algorithm::rs256).candidates.empty());
}

TEST(jwk_set, keeps_its_keys_when_it_moves)
{
    auto set = parsed(set_text({key_named("a")}));
    const auto* before = set.keys->select("a", algorithm::es256).candidates.front();
    const auto moved = std::make_shared<const jwk_set>(std::move(*set.keys));
    EXPECT_EQ(moved->select("a", algorithm::es256).candidates.front(), before);
}

} // namespace
} // namespace scopegate::jose::test
