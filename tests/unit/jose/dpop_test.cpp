// DPoP proofs: the example of RFC 9449, and one row for each way to make one invalid.
#include "jose/dpop.hpp"

#include "jose/base64url.hpp"
#include "jose/jwk.hpp"
#include "jose/sha256.hpp"
#include "support/proof_maker.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose {
namespace {

using test::json_string;
using test::proof_parts;

wall_time at(std::int64_t seconds)
{
    return wall_time(std::chrono::seconds(seconds));
}

// RFC 9449 section 7.1, figure 13, and section 6.1.
const std::string example = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6Ik"
                            "VDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCR"
                            "nMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JE"
                            "QSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIj"
                            "oiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0Z"
                            "WRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
                            "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71E"
                            "OptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const std::string example_token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const std::string example_key = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

bool is_for(const dpop_proof& proof, const proven_request& asked, wall_time now)
{
    return proof.check(asked, now).has_value();
}

TEST(dpop_proof, is_valid_in_the_example_of_the_rfc)
{
    const auto proof = dpop_proof::parse(example);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->thumbprint(), example_key);
    EXPECT_EQ(proof->uri(), "https://resource.example.org/protectedresource");
    EXPECT_EQ(proof->id(), "e1j3V_bKic8-LAEB");
    EXPECT_FALSE(proof->nonce());
    EXPECT_TRUE(proof->is_signed());
    EXPECT_TRUE(is_for(*proof, {"GET", example_token, example_key}, at(1562262618)));
}

TEST(dpop_proof, is_valid_for_its_own_request_only)
{
    const auto proof = dpop_proof::parse(example);
    EXPECT_FALSE(is_for(*proof, {"get", example_token, example_key}, at(1562262618)));
    EXPECT_FALSE(is_for(*proof, {"POST", example_token, example_key}, at(1562262618)));
    EXPECT_FALSE(is_for(*proof, {"GET", example_token + "x", example_key}, at(1562262618)));
    EXPECT_FALSE(is_for(*proof, {"GET", example_token, "x"}, at(1562262618)));
    EXPECT_FALSE(is_for(*proof, {"GET", example_token, ""}, at(1562262618)));
    EXPECT_TRUE(is_for(*proof, {"GET", example_token, example_key}, at(1562262618 + 60)));
    EXPECT_FALSE(is_for(*proof, {"GET", example_token, example_key}, at(1562262618 + 61)));
    EXPECT_TRUE(is_for(*proof, {"GET", example_token, example_key}, at(1562262618 - 5)));
    EXPECT_FALSE(is_for(*proof, {"GET", example_token, example_key}, at(1562262618 - 6)));
}

// RFC 9449 section 4.2, the proof of a token request: it has no `ath`, so a resource server must not accept
// it.
TEST(dpop_proof, is_not_accepted_if_made_for_a_token_request)
{
    proof_parts parts;
    parts.htm = json_string("POST");
    parts.htu = json_string("https://server.example.com/token");
    parts.no_ath = true;
    EXPECT_FALSE(dpop_proof::parse(test::proof_maker(test::key_for(algorithm::es256)).proof(parts)));
}

TEST(dpop_proof, may_use_every_asymmetric_algorithm)
{
    for (std::size_t i = 0; i < algorithm_count; ++i) {
        const auto a = static_cast<algorithm>(i);
        if (is_symmetric(a))
            continue;
        const test::proof_maker owner(test::key_for(a));
        const auto text = owner.proof("GET", "https://a/b", "token");
        const auto proof = dpop_proof::parse(text);
        ASSERT_TRUE(proof) << name(a);
        EXPECT_TRUE(proof->is_signed()) << name(a);
        EXPECT_EQ(proof->thumbprint(), owner.thumbprint()) << name(a);
    }
}

// A client chooses its own key at no cost, so the cost of verifying its signatures must be bounded.
TEST(dpop_proof, needs_an_rsa_key_of_usual_size_and_exponent)
{
    const test::proof_maker owner(test::key_for(algorithm::rs256));
    const auto with_key = [&](std::size_t modulus_bytes, const char* exponent) {
        proof_parts parts;
        parts.htu = json_string("https://a/b");
        parts.token = "token";
        parts.jwk = R"({"kty":"RSA","e":")" + std::string(exponent) + R"(","n":")" +
                    base64url_encode(std::string(modulus_bytes, '\xC1')) + "\"}";
        return dpop_proof::parse(owner.proof(parts)).has_value();
    };
    EXPECT_TRUE(with_key(256, "AQAB"));
    EXPECT_TRUE(with_key(512, "AQAB"));
    EXPECT_FALSE(with_key(513, "AQAB")) << "a modulus of 4104 bits";
    EXPECT_FALSE(with_key(2048, "AQAB"));
    EXPECT_FALSE(with_key(256, "Aw")) << "3";
    EXPECT_FALSE(with_key(256, "AAEAAQ")) << "65537 with a leading zero";
    EXPECT_FALSE(with_key(256, "AQAAAAE")) << "an exponent of 33 bits";
    EXPECT_FALSE(with_key(256, ""));
}

// Tests the name of RFC 9864, and a key with null for members that it leaves out.
TEST(dpop_proof, may_call_ed25519_by_either_name)
{
    const auto& key = test::key_for(algorithm::eddsa);
    const test::proof_maker owner(key);
    proof_parts parts;
    parts.htu = json_string("https://a/b");
    parts.token = "token";
    for (const auto* name : {"EdDSA", "Ed25519"}) {
        parts.alg = json_string(name);
        const auto sent = owner.proof(parts); // the proof refers to this name
        const auto proof = dpop_proof::parse(sent);
        ASSERT_TRUE(proof) << name;
        EXPECT_TRUE(proof->is_signed()) << name;
    }
    parts.header_more = R"(,"crit":null)";
    EXPECT_EQ(dpop_proof::parse(owner.proof(parts)).error().detail, cause::crit_not_understood);
}

struct row {
    const char* sentence;
    proof_parts parts;
};

std::string with_member(std::string object, const std::string& member)
{
    object.back() = ',';
    return object + member + "}";
}

std::vector<row> wrong_proofs()
{
    const auto key = test::proof_maker(test::key_for(algorithm::es256)).public_jwk();
    const auto now = test::seconds_from_now(std::chrono::seconds(0));
    const auto base = [](auto change) {
        proof_parts parts;
        parts.htu = json_string("https://a/b");
        parts.token = "token";
        change(parts);
        return parts;
    };
    std::vector<row> rows;
    const auto add = [&](const char* sentence, auto change) { rows.push_back({sentence, base(change)}); };
    using parts = proof_parts&;
    add("no typ", [](parts p) { p.typ = {}; });
    add("a typ of access tokens", [](parts p) { p.typ = json_string("at+jwt"); });
    add("a typ of any JWT", [](parts p) { p.typ = json_string("JWT"); });
    add("another spelling of typ", [](parts p) { p.typ = json_string("DPOP+JWT"); });
    add("a typ that is no string", [](parts p) { p.typ = "1"; });
    add("alg none", [](parts p) { p.alg = json_string("none"); });
    add("a symmetric alg", [](parts p) { p.alg = json_string("HS256"); });
    add("an unknown alg", [](parts p) { p.alg = json_string("ES256K"); });
    add("an alg that is no string", [](parts p) { p.alg = "[]"; });
    add("no jwk", [](parts p) { p.no_jwk = true; });
    add("a jwk that is no object", [](parts p) { p.jwk = json_string("x"); });
    add("a jwk of null", [](parts p) { p.jwk = "null"; });
    add("a jwk of a secret", [](parts p) { p.jwk = R"({"kty":"oct","k":"c2VjcmV0"})"; });
    add("a jwk of an unknown type", [](parts p) { p.jwk = R"({"kty":"AKP","pub":"x"})"; });
    add("only a kid", [](parts p) {
        p.no_jwk = true;
        p.header_more = R"(,"kid":"x")";
    });
    add("only a jku", [](parts p) {
        p.no_jwk = true;
        p.header_more = R"(,"jku":"https://evil/keys")";
    });
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        add("a private member in the jwk",
            [&](parts p) { p.jwk = with_member(key, json_string(name) + R"(:"AA")"); });
    add("a critical extension", [](parts p) { p.header_more = R"(,"crit":["exp"],"exp":1)"; });
    add("an unencoded payload", [](parts p) { p.header_more = R"(,"b64":false)"; });
    add("a second alg", [](parts p) { p.header_more = R"(,"alg":"ES256")"; });
    add("a second jwk", [&](parts p) { p.header_more = R"(,"jwk":)" + key; });
    add("no jti", [](parts p) { p.no_jti = true; });
    add("an empty jti", [](parts p) { p.jti = json_string(""); });
    add("a jti that is no string", [](parts p) { p.jti = "1"; });
    add("a jti that is too long",
        [](parts p) { p.jti = json_string(std::string(max_proof_id_bytes + 1, 'x')); });
    add("no htm", [](parts p) { p.htm = {}; });
    add("an htm that is no string", [](parts p) { p.htm = "[\"GET\"]"; });
    add("no htu", [](parts p) { p.htu = {}; });
    add("an htu that is no string", [](parts p) { p.htu = "[\"https://a/b\"]"; });
    add("no iat", [](parts p) { p.no_iat = true; });
    add("an iat of text", [&](parts p) { p.iat = json_string(now); });
    add("an iat of null", [](parts p) { p.iat = "null"; });
    add("no ath", [](parts p) { p.no_ath = true; });
    add("an ath that is no string", [](parts p) { p.ath = "{}"; });
    add("a nonce that is no string", [](parts p) { p.claims_more = R"(,"nonce":1)"; });
    add("a second htm", [](parts p) { p.claims_more = R"(,"htm":"POST")"; });
    add("a second iat", [](parts p) { p.claims_more = R"(,"iat":0)"; });
    add("too long", [](parts p) { p.claims_more = R"(,"x":")" + std::string(max_proof_bytes, 'x') + "\""; });
    add("too deep",
        [](parts p) { p.claims_more = R"(,"x":)" + std::string(20, '[') + std::string(20, ']'); });
    return rows;
}

TEST(dpop_proof, is_refused_for_any_deviation)
{
    const test::proof_maker owner(test::key_for(algorithm::es256));
    for (const auto& r : wrong_proofs()) {
        const auto text = owner.proof(r.parts);
        const auto proof = dpop_proof::parse(text);
        ASSERT_FALSE(proof) << r.sentence << ": " << text;
        EXPECT_EQ(name(proof.error()), name(reason::invalid_proof)) << r.sentence;
    }
    proof_parts right;
    right.htu = json_string("https://a/b");
    right.jti = json_string(std::string(max_proof_id_bytes, 'x'));
    right.claims_more = R"(,"nonce":"n","exp":1,"unknown":[1])";
    const auto text = owner.proof(right);
    const auto proof = dpop_proof::parse(text);
    ASSERT_TRUE(proof);
    EXPECT_EQ(proof->nonce(), "n");
}

TEST(dpop_proof, must_be_a_compact_jws)
{
    for (const auto& text :
         {std::string(), std::string("abc"), example + ".", example + "=", example + ", " + example,
          example.substr(0, example.rfind('.')), " " + example, "." + example}) {
        const auto proof = dpop_proof::parse(text);
        EXPECT_FALSE(proof) << text;
    }
}

TEST(dpop_proof, needs_the_signature_of_its_own_key)
{
    const auto& key = test::key_for(algorithm::es256);
    const test::proof_maker owner(key), stranger(test::other_key_for(algorithm::es256));
    proof_parts parts;
    parts.htu = json_string("https://a/b");
    parts.jwk = owner.public_jwk();
    const auto forged = stranger.proof(parts); // names the owner's key, but is signed with the stranger's
    EXPECT_EQ(dpop_proof::parse(forged)->thumbprint(), owner.thumbprint());
    EXPECT_FALSE(dpop_proof::parse(forged)->is_signed());

    const auto right = owner.proof(parts);
    EXPECT_TRUE(dpop_proof::parse(right)->is_signed());
    auto changed = right;
    changed[right.rfind('.') + 5] = changed[right.rfind('.') + 5] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(dpop_proof::parse(changed)->is_signed());
    const auto unsigned_text = right.substr(0, right.rfind('.') + 1);
    EXPECT_FALSE(dpop_proof::parse(unsigned_text)->is_signed());

    // The rows: another algorithm than the key's, a point on no curve, an RSA key that is too weak, and keys
    // for other uses.
    parts.alg = json_string("ES384");
    const auto other_algorithm = owner.proof(parts);
    EXPECT_FALSE(dpop_proof::parse(other_algorithm)->is_signed());
    parts.alg = {};
    for (const auto& jwk : {std::string(R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})"),
                            std::string(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"),
                            with_member(owner.public_jwk(), R"("use":"enc")"),
                            with_member(owner.public_jwk(), R"("key_ops":["deriveKey"])"),
                            with_member(owner.public_jwk(), R"("alg":"ES384")")}) {
        parts.jwk = jwk;
        const auto text = owner.proof(parts);
        EXPECT_FALSE(dpop_proof::parse(text)->is_signed()) << jwk;
    }
    parts.jwk =
        with_member(owner.public_jwk(), R"("ext":true,"key_ops":["verify"])"); // as browsers export a key
    const auto exported = owner.proof(parts);
    EXPECT_TRUE(dpop_proof::parse(exported)->is_signed());
}

TEST(sha256, matches_the_example_of_the_rfc)
{
    EXPECT_EQ(sha256_base64url(example_token), "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
}

} // namespace
} // namespace scopegate::jose
