#include "jose/base64url.hpp"
#include "jose/jwk.hpp"
#include "material.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose::test {
namespace {

using testing::HasSubstr;

std::string fault(const json::value& key)
{
    const auto parsed = jwk::parse(key);
    return parsed ? "fine" : parsed.error();
}

json::value octets(std::string s)
{
    return text(base64url_encode(s));
}

const json::value& rsa()
{
    static const auto key = key_for(algorithm::rs256).public_jwk();
    return key;
}
const json::value& ec()
{
    static const auto key = key_for(algorithm::es256).public_jwk();
    return key;
}
const json::value& ed25519()
{
    static const auto key = key_for(algorithm::eddsa).public_jwk();
    return key;
}

std::vector<algorithm> fitting(const json::value& key)
{
    const auto parsed = jwk::parse(key);
    std::vector<algorithm> out;
    for (const auto a : all_algorithms())
        if (parsed && parsed->verifier_for(a) != nullptr)
            out.push_back(a);
    return out;
}

TEST(jwk, fits_the_algorithms_of_its_type_curve_and_alg)
{
    using testing::ElementsAre;
    EXPECT_THAT(fitting(without(rsa(), "alg")),
                ElementsAre(algorithm::rs256, algorithm::rs384, algorithm::rs512, algorithm::ps256,
                            algorithm::ps384, algorithm::ps512));
    EXPECT_THAT(fitting(rsa()), ElementsAre(algorithm::rs256));
    EXPECT_THAT(fitting(with(rsa(), "alg", text("PS512"))), ElementsAre(algorithm::ps512));
    EXPECT_THAT(fitting(without(ec(), "alg")), ElementsAre(algorithm::es256));
    EXPECT_THAT(fitting(without(key_for(algorithm::es384).public_jwk(), "alg")),
                ElementsAre(algorithm::es384));
    EXPECT_THAT(fitting(without(key_for(algorithm::es512).public_jwk(), "alg")),
                ElementsAre(algorithm::es512));
    EXPECT_THAT(fitting(without(ed25519(), "alg")), ElementsAre(algorithm::eddsa));
}

TEST(jwk, accepts_what_real_issuers_publish)
{
    const auto n = base64url_decode(*rsa().find("n")->if_string()).value();
    const struct {
        const char* sentence;
        json::value key;
    } rows[] = {
        {"the least: no kid, use or alg", without(without(without(rsa(), "kid"), "use"), "alg")},
        {"certificates and other members",
         with(with(rsa(), "x5c", parse_json(R"(["MIIC"])")), "x5t", text("AAAA"))},
        {"a modulus with a leading zero, as Java writes it", with(rsa(), "n", octets('\0' + n))},
        {"an exponent of three", with(rsa(), "e", octets("\3"))},
        {"operations that include verify", with(ec(), "key_ops", parse_json(R"(["encrypt","verify"])"))},
    };
    for (const auto& row : rows)
        EXPECT_EQ(fault(row.key), "fine") << row.sentence;
    EXPECT_EQ(jwk::parse(rsa())->kid(), key_for(algorithm::rs256).kid());
    EXPECT_EQ(jwk::parse(without(rsa(), "kid"))->kid(), std::nullopt);
}

TEST(jwk, reports_what_is_wrong_with_a_key)
{
    const std::string weak(128, '\xC1'), even = std::string(255, '\xC1') + '\x02', huge(2049, '\xC1');
    const auto x = base64url_decode(*ec().find("x")->if_string()).value();
    auto off_curve = x;
    off_curve[31] = static_cast<char>(off_curve[31] ^ 1);
    const struct {
        const char* sentence;
        json::value key;
        const char* fault;
    } rows[] = {
        {"no object", text("x"), "not a JSON object"},
        {"nothing in it", json::value(json::object{}), "it lacks the member kty"},
        {"kty of another type", with(rsa(), "kty", json::value(true)), "its member is not a string: kty"},
        {"an unknown kty", with(rsa(), "kty", text("AKP")), "its kty is not one of RSA, EC and OKP"},
        {"letter case counts", with(rsa(), "kty", text("rsa")), "its kty is not one of"},
        {"a published secret", parse_json(R"({"kty":"oct","k":"AAAA"})"),
         "a secret (oct) must not be published"},
        {"a kid that is no string", with(rsa(), "kid", json::value::number("1")),
         "its member is not a string: kid"},
        {"for encryption", with(rsa(), "use", text("enc")), "its use is not sig"},
        {"use of another type", with(rsa(), "use", json::value()), "its member is not a string: use"},
        {"operations without verify", with(rsa(), "key_ops", parse_json(R"(["encrypt"])")),
         "its key_ops lack verify"},
        {"no operations", with(rsa(), "key_ops", parse_json("[]")), "its key_ops lack verify"},
        {"operations in a string", with(rsa(), "key_ops", text("verify")), "its key_ops lack verify"},
        {"an alg that encrypts", with(rsa(), "alg", text("RSA-OAEP")),
         "its alg is not a signature algorithm"},
        {"an alg of another type", with(rsa(), "alg", text("ES256")), "its alg is not a signature algorithm"},
        {"an alg of another curve", with(ec(), "alg", text("ES384")), "its alg is not a signature algorithm"},
        {"a symmetric alg on a public key", with(rsa(), "alg", text("HS256")),
         "its alg is not a signature algorithm"},
        {"none", with(rsa(), "alg", text("none")), "its alg is not a signature algorithm"},
        {"a private exponent", with(rsa(), "d", text("AQAB")), "private key material (d)"},
        {"a prime", with(rsa(), "p", text("AQAB")), "private key material (p)"},
        {"a private EC key", with(ec(), "d", json::value()), "private key material (d)"},
        {"no modulus", without(rsa(), "n"), "it lacks the member n"},
        {"an empty modulus", with(rsa(), "n", text("")), "its member n is not strict base64url"},
        {"a padded modulus", with(rsa(), "n", text("AQAB=")), "its member n is not strict base64url"},
        {"RSA of 1024 bits", with(rsa(), "n", octets(weak)),
         "RSA of 1024 bits is too weak: at least 2048 are required"},
        {"1024 bits behind zeros", with(rsa(), "n", octets(std::string(128, '\0') + weak)),
         "RSA of 1024 bits"},
        {"RSA of 16392 bits", with(rsa(), "n", octets(huge)), "RSA of 16392 bits is too large"},
        {"an even modulus", with(rsa(), "n", octets(even)), "its RSA modulus or exponent is invalid"},
        {"an exponent of one", with(rsa(), "e", octets("\1")), "its RSA modulus or exponent is invalid"},
        {"an exponent of zero", with(rsa(), "e", octets(std::string(1, '\0'))), "exponent is invalid"},
        {"an even exponent", with(rsa(), "e", octets("\1\2")), "its RSA modulus or exponent is invalid"},
        {"an exponent that costs", with(rsa(), "e", octets("\1\1\1\1\1")), "exponent is invalid"},
        {"no curve", without(ec(), "crv"), "it lacks the member crv"},
        {"another curve", with(ec(), "crv", text("secp256k1")), "its curve is not P-256"},
        {"a longer curve", with(without(ec(), "alg"), "crv", text("P-384")),
         "a coordinate of P-384 must have 48 octets"},
        {"a short coordinate", with(ec(), "x", octets(x.substr(1))),
         "a coordinate of P-256 must have 32 octets"},
        {"a long coordinate", with(ec(), "y", octets('\0' + x)), "a coordinate of P-256 must have 32 octets"},
        {"a point off the curve", with(ec(), "x", octets(off_curve)), "its point is not on the curve"},
        {"the origin",
         with(with(ec(), "x", octets(std::string(32, '\0'))), "y", octets(std::string(32, '\0'))),
         "its point is not on the curve"},
        {"a coordinate beyond the field", with(ec(), "x", octets(std::string(32, '\xFF'))),
         "not on the curve"},
        {"an octet key pair of another curve", with(ed25519(), "crv", text("X25519")),
         "its curve is not Ed25519"},
        {"Ed448", with(ed25519(), "crv", text("Ed448")), "its curve is not Ed25519"},
        {"a short Ed25519 key", with(ed25519(), "x", text("AAAA")), "an Ed25519 key must have 32 octets"},
    };
    for (const auto& row : rows)
        EXPECT_THAT(fault(row.key), HasSubstr(row.fault)) << row.sentence;
}

TEST(jwk, never_shows_key_material)
{
    const auto private_key = parse_json(key_for(algorithm::rs256).private_jwk().reveal());
    for (const auto* name : {"n", "d", "p"})
        EXPECT_THAT(fault(private_key), testing::Not(HasSubstr(*private_key.find(name)->if_string())));
    EXPECT_THAT(fault(parse_json(R"({"kty":"oct","k":"c2VjcmV0"})")), testing::Not(HasSubstr("c2VjcmV0")));
}

} // namespace
} // namespace scopegate::jose::test
