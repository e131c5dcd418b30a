#include "jose/sign.hpp"
#include "material.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

bool signs_for(const signing_key& signer, const jwk& key)
{
    return verify("input", signer.sign("input"), signer.alg(), key);
}

// Returns the message that a call throws, or "nothing".
template <class F>
std::string thrown(F&& call)
{
    try {
        (void)call();
        return "nothing";
    } catch (const std::runtime_error& e) {
        return e.what();
    }
}

TEST(signing_key, can_be_read_from_its_exports)
{
    for (const auto a : all_algorithms()) {
        const auto& key = key_for(a);
        const auto from_jwk = signing_key::from_jwk(key.private_jwk());
        EXPECT_EQ(from_jwk.alg(), a) << "the JWK names its algorithm";
        EXPECT_EQ(from_jwk.kid(), key.kid());
        EXPECT_TRUE(signs_for(from_jwk, public_key(key))) << name(a);
        if (is_symmetric(a))
            continue;
        EXPECT_THAT(std::string(key.private_pem().reveal()), StartsWith("-----BEGIN PRIVATE KEY-----"));
        const auto from_pem = signing_key::from_pem(key.private_pem(), a);
        EXPECT_EQ(from_pem.kid(), key.kid()) << "the kid is the thumbprint again";
        EXPECT_TRUE(signs_for(from_pem, public_key(key))) << name(a);
    }
}

TEST(signing_key, exports_its_public_half_only)
{
    for (const auto a : all_algorithms()) {
        if (is_symmetric(a))
            continue;
        const auto published = key_for(a).public_jwk();
        for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "k"})
            EXPECT_EQ(published.find(name), nullptr) << name;
        EXPECT_EQ(*published.find("kid")->if_string(), thumbprint(published).value());
        EXPECT_EQ(*published.find("use")->if_string(), "sig");
        EXPECT_EQ(*published.find("alg")->if_string(), name(a));
    }
    const auto set = parse_json(public_jwk_set(
        std::vector{key_for(algorithm::es256), key_for(algorithm::hs256), key_for(algorithm::eddsa)}));
    EXPECT_EQ(set.find("keys")->if_array()->size(), 2U) << "secrets are left out";
}

TEST(signing_key, picks_the_usual_algorithm)
{
    for (const auto a :
         {algorithm::rs256, algorithm::es256, algorithm::es384, algorithm::es512, algorithm::eddsa})
        EXPECT_EQ(signing_key::from_pem(key_for(a).private_pem()).alg(), a);
    EXPECT_EQ(
        signing_key::from_jwk(secret(json::serialize(without(
                                  parse_json(key_for(algorithm::ps512).private_jwk().reveal()), "alg"))))
            .alg(),
        algorithm::rs256);
}

TEST(signing_key, refuses_what_it_cannot_use)
{
    const auto pem = [](algorithm a) { return key_for(a).private_pem(); };
    const auto jwk_of = [](algorithm a) { return parse_json(key_for(a).private_jwk().reveal()); };
    const auto load = [](const json::value& key) {
        return thrown([&] { return signing_key::from_jwk(secret(json::serialize(key))); });
    };
    EXPECT_THAT(thrown([&] { return signing_key::from_pem(secret("nonsense")); }),
                HasSubstr("not an unencrypted private key"));
    EXPECT_THAT(thrown([&] { return signing_key::from_pem(pem(algorithm::es256), algorithm::es384); }),
                HasSubstr("the key can't sign ES384"));
    EXPECT_THAT(thrown([&] { return signing_key::from_pem(pem(algorithm::rs256), algorithm::hs256); }),
                HasSubstr("the key can't sign HS256"));
    EXPECT_THAT(thrown([&] { return signing_key::from_secret(secret("short"), algorithm::hs256); }),
                HasSubstr("shorter than the algorithm's hash"));
    EXPECT_THAT(
        thrown([&] { return signing_key::from_secret(secret(std::string(64, 's')), algorithm::rs256); }),
        HasSubstr("a secret signs HS256, HS384 or HS512 only"));
    EXPECT_THAT(thrown([&] { return signing_key::from_jwk(secret("[]")); }), HasSubstr("this is not a JWK"));
    EXPECT_THAT(load(key_for(algorithm::es256).public_jwk()), HasSubstr("member d is missing"));
    EXPECT_THAT(load(with(jwk_of(algorithm::es256), "alg", text("RSA1_5"))),
                HasSubstr("not a signature algorithm"));
    EXPECT_THAT(load(with(jwk_of(algorithm::es256), "kty", text("XX"))), HasSubstr("the JWK is not one of"));
    for (const auto a : {algorithm::es256, algorithm::eddsa, algorithm::rs256}) {
        const auto* part = a == algorithm::rs256 ? "n" : "d";
        const auto stranger = parse_json(other_key_for(a).private_jwk().reveal());
        EXPECT_THAT(load(with(jwk_of(a), part, *stranger.find(part))), HasSubstr("JWK's")) << name(a);
    }
    EXPECT_THAT(thrown([&] { return key_for(algorithm::hs256).public_jwk(); }), HasSubstr("no public half"));
}

TEST(sign_compact, writes_the_requested_header)
{
    const auto& key = key_for(algorithm::es256);
    const auto header_of = [&](const json::object& extras) {
        return json::serialize(split(sign_compact(key, "{}", extras)).value().header.members);
    };
    EXPECT_EQ(header_of({}), R"({"alg":"ES256","typ":"JWT","kid":")" + key.kid() + "\"}");
    EXPECT_EQ(header_of({{"typ", text("at+jwt")}, {"kid", json::value()}, {"x", json::value(true)}}),
              R"({"alg":"ES256","typ":"at+jwt","x":true})");
    EXPECT_EQ(sign_with_header(key, "not JSON", "").substr(0, 12), "bm90IEpTT04.");
    EXPECT_EQ(split(sign_compact(key_for(algorithm::hs256), "{}")).value().header.kid, std::nullopt);
}

} // namespace
} // namespace scopegate::jose::test
