// Tokens and key sets that an attacker may send or publish, in the manner of Project Wycheproof:
// tests/cases/jose/attacks.json. They were made with node's crypto, so that our signing cannot share a
// mistake with our verification. No attack may be accepted, whoever made the key set.
#include "material.hpp"

#include "jose/jwks.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose::test {
namespace {

result<void> check(const std::string& token, const json::value& keys)
{
    json::object set;
    set.emplace_back("keys", keys);
    std::vector<std::string> passed_over;
    const auto parsed = jwk_set::parse(json::serialize(json::value(std::move(set))), passed_over);
    if (!parsed)
        throw std::runtime_error(parsed.error());
    const auto jws = split(token);
    if (!jws)
        return jws.error();
    const auto claims = parse_claims(jws->payload);
    return claims ? verify(*jws, *parsed) : claims.error();
}

TEST(attacks, are_refused_and_good_tokens_are_accepted)
{
    const auto cases = json::parse(read_case("attacks.json"), {1024 * 1024, 16}).value();
    std::size_t accepted = 0;
    for (const auto& row : *cases.if_array()) {
        const auto& sentence = *row.find("case")->if_string();
        const auto& wanted = *row.find("result")->if_string();
        const auto got = check(*row.find("token")->if_string(), *row.find("keys"));
        EXPECT_EQ(got ? "accepted" : "refused", wanted) << sentence << ": " << outcome(got);
        accepted += got.has_value();
    }
    EXPECT_GE(accepted, 10U) << "a verifier that refuses everything must not pass";
    EXPECT_GE(cases.if_array()->size(), 400U);
}

} // namespace
} // namespace scopegate::jose::test
