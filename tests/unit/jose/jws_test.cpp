#include "jose/base64url.hpp"
#include "jose/jws.hpp"
#include "material.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose::test {
namespace {

TEST(jws_split, accepts_valid_headers_only)
{
    for (const auto& row : read_rows("headers.tsv", 3)) {
        const auto token = base64url_encode(row[1]) + ".e30.AAAA";
        EXPECT_EQ(outcome(split(token)), row[0]) << row[2] << ": " << row[1];
    }
}

TEST(jws_split, returns_the_parts)
{
    const std::string token = base64url_encode(R"({"alg":"ES256","kid":"k","typ":"at+jwt"})") + ".e30.AAEC";
    const auto jws = split(token);
    ASSERT_TRUE(jws.has_value());
    EXPECT_EQ(jws->signing_input, token.substr(0, token.size() - 5));
    EXPECT_EQ(jws->signing_input.data(), token.data()) << "the input is a view into the token";
    EXPECT_EQ(jws->header.alg, algorithm::es256);
    EXPECT_EQ(jws->header.kid, "k");
    EXPECT_EQ(jws->header.typ, "at+jwt");
    EXPECT_EQ(jws->header.members.if_object()->size(), 3U);
    EXPECT_EQ(jws->payload, "{}");
    EXPECT_EQ(jws->signature, std::string("\0\1\2", 3));
}

TEST(jws_split, refuses_anything_but_a_compact_jws)
{
    const std::string h = base64url_encode(R"({"alg":"RS256"})");
    const struct {
        const char* sentence;
        std::string token;
    } rows[] = {
        {"nothing", ""},
        {"an opaque token", "2YotnFZFEjr1zCsicMWpAA"},
        {"one dot", h + ".e30"},
        {"three dots", h + ".e30.AAAA."},
        {"an encrypted token of five parts", h + ".AAAA.AAAA.AAAA.AAAA"},
        {"dots only", ".."},
        {"no header", ".e30.AAAA"},
        {"a space in front", " " + h + ".e30.AAAA"},
        {"a line end behind", h + ".e30.AAAA\n"},
        {"a space behind a dot", h + ". e30.AAAA"},
        {"padding in the header", base64url_encode(R"({"alg":"RS256" })") + "=.e30.AAAA"},
        {"padding in the payload", h + ".e30=.AAAA"},
        {"padding in the signature", h + ".e30.AAA="},
        {"stray bits in the payload", h + ".e31.AAAA"},
        {"stray bits in the signature", h + ".e30.AAB"},
        {"a signature of one character", h + ".e30.A"},
        {"the other alphabet", h + ".e30.AA+/"},
        {"a header that is not encoded", R"({"alg":"RS256"}.e30.AAAA)"},
        {"a header encoded twice", base64url_encode(h) + ".e30.AAAA"},
        {"the JSON serialization", R"({"payload":"e30","protected":"e30","signature":"AAAA"})"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outcome(split(row.token)), "malformed-token")
            << row.sentence << ": " << row.token.substr(0, 80);
}

TEST(jws_split, bounds_the_depth_and_not_the_length)
{
    const std::string h = base64url_encode(R"({"alg":"RS256"})");
    EXPECT_EQ(outcome(split(h + "." + std::string(200'000, 'A') + ".AAAA")), "allowed");
    EXPECT_EQ(outcome(split(h + ".e30.")), "allowed")
        << "an empty signature is well-formed, but no key makes it";

    const auto nested = [](int depth) {
        return base64url_encode(R"({"alg":"RS256","x":)" + std::string(static_cast<std::size_t>(depth), '[') +
                                std::string(static_cast<std::size_t>(depth), ']') + "}") +
               ".e30.AAAA";
    };
    EXPECT_EQ(outcome(split(nested(15))), "allowed");
    EXPECT_EQ(outcome(split(nested(16))), "malformed-token") << "nested too deep";
}

TEST(jws_split, names_the_cause)
{
    const std::string h = base64url_encode(R"({"alg":"RS256"})");
    const auto header = [](std::string_view text) { return base64url_encode(text) + ".e30.AAAA"; };
    const auto deep = R"({"alg":"RS256","x":)" + std::string(16, '[') + std::string(16, ']') + "}";
    const struct {
        std::string token;
        cause why;
    } rows[] = {
        {h + ".e30", cause::token_parts},
        {h + ".AAAA.AAAA.AAAA.AAAA", cause::token_encrypted},
        {h + ".e30=.AAAA", cause::token_not_base64url},
        {header("[]"), cause::token_header_not_json},
        {header("{"), cause::token_header_not_json},
        {header(deep), cause::token_too_deep},
        {header(R"({"alg":"RS256","x":"[[[[[[[[[[[[[[[[[[[[[")"), cause::token_header_not_json},
        {header(R"({"alg":"RS256","alg":"RS256"})"), cause::token_duplicate_member},
        {header(R"({"typ":"JWT"})"), cause::alg_missing},
        {header(R"({"alg":1})"), cause::alg_not_string},
        {header(R"({"alg":null})"), cause::alg_not_string},
        {header(R"({"alg":"RS256","kid":1})"), cause::kid_not_string},
        {header(R"({"alg":"RS256","kid":null})"), cause::kid_not_string},
        {header(R"({"alg":"RS256","typ":["JWT"]})"), cause::typ_not_string},
        {header(R"({"alg":"nOnE"})"), cause::alg_none},
        {header(R"({"alg":"ES256K"})"), cause::alg_not_known},
        {header(R"({"alg":"ed25519"})"), cause::alg_not_known},
        {header(R"({"alg":"RS256","crit":["x"]})"), cause::crit_not_understood},
        {header(R"({"alg":"RS256","crit":null})"), cause::crit_not_understood},
        {header(R"({"alg":"RS256","b64":true})"), cause::b64_not_understood},
    };
    for (const auto& row : rows) {
        const auto split_token = split(row.token);
        ASSERT_FALSE(split_token) << row.token;
        EXPECT_EQ(scopegate::name(split_token.error().detail), scopegate::name(row.why)) << row.token;
    }
    EXPECT_EQ(parse_claims(R"({"a":1,"a":2})").error().detail, cause::token_duplicate_member);
    EXPECT_EQ(parse_claims("[1]").error().detail, cause::token_payload_not_json);
}

TEST(jws_claims, must_be_a_strict_object)
{
    EXPECT_EQ(outcome(parse_claims(R"({"sub":"u"})")), "allowed");
    for (const auto* text : {"", "[]", "null", "1", R"("x")", R"({"sub":"a","sub":"b"})", R"({"sub":"a"}x)",
                             R"({"a":{"b":1,"\u0062":2}})", "{\"a\":\"\xFF\"}", R"({"a":"\ud800"})"})
        EXPECT_EQ(outcome(parse_claims(text)), "malformed-token") << text;
}

// Verifies a token against a set of keys and returns the name of the reason.
std::string_view check(const std::string& token, const jwk_set& keys)
{
    const auto jws = split(token);
    return jws ? outcome(verify(*jws, keys)) : outcome(jws);
}

jwk_set set_of(const std::vector<json::value>& keys)
{
    std::vector<std::string> warnings;
    const auto text = json::serialize(json::value(json::object{{"keys", json::value(json::array(keys))}}));
    auto set = jwk_set::parse(text, warnings);
    if (!set || !warnings.empty())
        throw std::runtime_error("our own set does not parse");
    return std::move(*set);
}

json::object header(std::string name, json::value v)
{
    return {{std::move(name), std::move(v)}};
}

TEST(jws_verify, accepts_every_algorithm_with_its_own_key)
{
    for (const auto a : all_algorithms()) {
        const auto& key = key_for(a);
        const auto keys =
            is_symmetric(a) ? jwk_set::from_secret(key.shared_secret()) : set_of({key.public_jwk()});
        const auto token = sign_compact(key, R"({"sub":"u"})");
        EXPECT_EQ(check(token, keys), "allowed") << name(a);
        EXPECT_EQ(check(sign_compact(other_key_for(a).with_kid(key.kid()), "{}"), keys), "bad-signature")
            << name(a) << ", signed by a stranger's key under our kid";
    }
}

TEST(jws_verify, refuses_confused_algorithms)
{
    const auto& rsa = key_for(algorithm::rs256);
    const auto public_text = json::serialize(rsa.public_jwk());
    const auto keys = set_of({rsa.public_jwk()});
    // The attacker knows the public key and uses its text as an HMAC secret.
    const auto as_secret =
        signing_key::from_secret(secret(public_text), algorithm::hs256).with_kid(rsa.kid());
    EXPECT_EQ(check(sign_compact(as_secret, "{}"), keys), "unsupported-algorithm");
    // The header names another algorithm than the one that signed.
    for (const auto a : all_algorithms()) {
        const auto token = sign_compact(rsa, "{}", header("alg", text(std::string(name(a)))));
        EXPECT_NE(check(token, keys) == "allowed", a != algorithm::rs256) << name(a);
    }
    EXPECT_EQ(check(sign_compact(key_for(algorithm::ps256), "{}", header("alg", text("RS256"))), keys),
              "bad-signature")
        << "a PSS signature under a PKCS #1 algorithm";
    const auto secret_keys = jwk_set::from_secret(key_for(algorithm::hs256).shared_secret());
    EXPECT_EQ(check(sign_compact(rsa, "{}"), secret_keys), "unsupported-algorithm")
        << "RS256 for an issuer with a secret";
}

TEST(jws_verify, never_uses_a_key_from_the_header)
{
    const auto& ours = key_for(algorithm::es256);
    const auto stranger = signing_key::generate(algorithm::es256);
    const auto keys = set_of({ours.public_jwk()});
    const auto with_jwk = header("jwk", stranger.public_jwk());
    EXPECT_EQ(check(sign_compact(stranger, "{}", with_jwk), keys), "unknown-key");
    EXPECT_EQ(check(sign_compact(stranger.with_kid(ours.kid()), "{}", with_jwk), keys), "bad-signature");
    EXPECT_EQ(check(sign_compact(stranger.with_kid(""), "{}", with_jwk), keys), "bad-signature");
    EXPECT_EQ(check(sign_compact(ours, "{}", with_jwk), keys), "allowed")
        << "the jwk in the header is ignored, not refused";
}

TEST(jws_verify, chooses_by_kid)
{
    const auto& key = key_for(algorithm::es256);
    const auto other = signing_key::generate(algorithm::es256);
    const auto keys = set_of({other.public_jwk(), key.public_jwk()});
    EXPECT_EQ(check(sign_compact(key, "{}"), keys), "allowed");
    EXPECT_EQ(check(sign_compact(key.with_kid(""), "{}"), keys), "allowed")
        << "without a kid, all keys that fit are tried";
    EXPECT_EQ(check(sign_compact(key.with_kid(other.kid()), "{}"), keys), "bad-signature")
        << "another key's kid";
    EXPECT_EQ(check(sign_compact(key.with_kid("new"), "{}"), keys), "unknown-key");
    EXPECT_EQ(check(sign_compact(key.with_kid(std::string(11'000, 'k')), "{}"), keys), "unknown-key")
        << "a huge kid";
    EXPECT_EQ(check(sign_compact(key.with_kid(key.kid() + '\0'), "{}"), keys), "unknown-key")
        << "a NUL behind the kid";
    EXPECT_EQ(check(sign_compact(key_for(algorithm::rs256).with_kid(key.kid()), "{}"), keys),
              "unsupported-algorithm")
        << "our kid, but its key is for another algorithm";
}

TEST(jws_verify, refuses_a_changed_token)
{
    const auto& key = key_for(algorithm::es256);
    const auto keys = set_of({key.public_jwk()});
    const auto token = sign_compact(key, R"({"scope":"read:app"})");
    ASSERT_EQ(check(token, keys), "allowed");
    const auto first = token.find('.'), second = token.find('.', first + 1);
    const auto header_part = token.substr(0, first), signature_part = token.substr(second + 1);
    EXPECT_EQ(
        check(header_part + "." + base64url_encode(R"({"scope":"admin"})") + "." + signature_part, keys),
        "bad-signature");
    EXPECT_EQ(check(header_part + ".." + signature_part, keys), "bad-signature") << "without its payload";
    EXPECT_EQ(check(token.substr(0, second + 1), keys), "bad-signature") << "without its signature";
    EXPECT_EQ(check(token + "AAAA", keys), "bad-signature") << "with a longer signature";
    EXPECT_EQ(check(token.substr(0, token.size() - 1), keys), "malformed-token")
        << "truncated from 86 characters to 85, which encode no octets";
}

} // namespace
} // namespace scopegate::jose::test
