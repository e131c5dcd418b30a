// The examples of the RFCs, from tests/cases/jose/rfc_signatures.json.
#include "jose/base64url.hpp"
#include "material.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose::test {
namespace {

struct example {
    std::string name, token;
    json::value key; // the private key
};

std::vector<example> examples()
{
    std::vector<example> out;
    const auto rows = parse_json(read_case("rfc_signatures.json"));
    for (const auto& row : *rows.if_array())
        out.push_back({*row.find("case")->if_string(), *row.find("token")->if_string(), *row.find("key")});
    return out;
}

json::value public_half(json::value key)
{
    for (const auto* name : {"d", "p", "q", "dp", "dq", "qi"})
        key = without(key, name);
    return key;
}

jwk verification_key(const json::value& key)
{
    if (*key.find("kty")->if_string() == "oct")
        return jwk::from_secret(secret(base64url_decode(*key.find("k")->if_string()).value()));
    auto parsed = jwk::parse(public_half(key));
    if (!parsed)
        throw std::runtime_error(parsed.error());
    return std::move(*parsed);
}

TEST(rfc_examples, verify)
{
    for (const auto& e : examples()) {
        const auto token = split(e.token);
        ASSERT_TRUE(token.has_value()) << e.name << ": " << outcome(token);
        const auto key = verification_key(e.key);
        EXPECT_TRUE(verify(token->signing_input, token->signature, token->header.alg, key)) << e.name;
        auto changed = std::string(token->signing_input);
        changed.back() = changed.back() == 'A' ? 'B' : 'A';
        EXPECT_FALSE(verify(changed, token->signature, token->header.alg, key))
            << e.name << ", with another payload";
    }
}

TEST(rfc_examples, match_our_own_signatures)
{
    for (const auto& e : examples()) {
        const auto token = split(e.token).value();
        const auto key = signing_key::from_jwk(secret(json::serialize(e.key)), token.header.alg);
        const auto header = base64url_decode(e.token.substr(0, e.token.find('.'))).value();
        const auto ours = sign_with_header(key, header, token.payload);
        const bool deterministic = e.name.find("ES") == e.name.npos && e.name.find("PS") == e.name.npos;
        if (deterministic) {
            EXPECT_EQ(ours, e.token) << e.name;
        } else {
            const auto again = split(ours).value();
            EXPECT_TRUE(
                verify(again.signing_input, again.signature, again.header.alg, verification_key(e.key)))
                << e.name;
        }
    }
}

TEST(rfc_examples, do_not_verify_for_the_unsecured_rfc_7515_a5)
{
    EXPECT_EQ(
        outcome(split("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
                      "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.")),
        "unsupported-algorithm");
}

TEST(rfc_examples, do_not_verify_for_the_critical_members_of_rfc_7515_e)
{
    EXPECT_EQ(outcome(split(
                  "eyJhbGciOiJIUzI1NiIsDQogImNyaXQiOlsiaHR0cDovL2V4YW1wbGUuY29tL1VOREVGSU5FRCJdLA0KICJodHRw"
                  "Oi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIjp0cnVlDQp9.RkFJTA.")),
              "critical-header");
}

TEST(rfc_examples, have_the_published_thumbprints)
{
    // RFC 7638 section 3.1
    const auto rsa = parse_json(
        R"({"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"})");
    EXPECT_EQ(thumbprint(rsa), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    // RFC 8037 A.3
    const auto ed25519 = parse_json(
        R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig"})");
    EXPECT_EQ(thumbprint(ed25519), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    EXPECT_EQ(thumbprint(without(ed25519, "x")), std::nullopt);
    EXPECT_EQ(thumbprint(with(ed25519, "x", json::value::number("1"))), std::nullopt);
    EXPECT_EQ(thumbprint(with(ed25519, "kty", text("oct"))), std::nullopt);
}

} // namespace
} // namespace scopegate::jose::test
