// The claims of a refused token, as the log shows them to the operator.
#include "tokens/unverified.hpp"

#include "jose/base64url.hpp"
#include "unit/tokens/calendar_policy.hpp"

#include <gtest/gtest.h>

namespace {

using namespace scopegate;
using test::now;

TEST(printable, is_short_ascii_with_everything_else_escaped)
{
    EXPECT_EQ(tokens::printable(""), "");
    EXPECT_EQ(tokens::printable("https://a.example/ \"x\""), "https://a.example/ \"x\"");
    EXPECT_EQ(tokens::printable("a\r\nb\x1b[2J\x7f"), "a\\x0D\\x0Ab\\x1B[2J\\x7F");
    EXPECT_EQ(tokens::printable("J\xc3\xb6rg"), "J\\xC3\\xB6rg");
    EXPECT_EQ(tokens::printable("\\x41"), "\\x5Cx41") << "a literal backslash must differ from an escape";
    EXPECT_EQ(tokens::printable(std::string("\0", 1)), "\\x00");
    const std::string whole(tokens::longest_unverified, 'a');
    EXPECT_EQ(tokens::printable(whole), whole);
    EXPECT_EQ(tokens::printable(whole + "a"), whole.substr(3) + "...");
    for (std::size_t size = 0; size < 400; ++size) {
        const auto escaped = tokens::printable(std::string(size, '\xff'));
        EXPECT_LE(escaped.size(), tokens::longest_unverified);
        EXPECT_EQ(escaped.ends_with("..."), size > 32) << size;
        EXPECT_LE(tokens::printable(std::string(size / 2, 'a') + std::string(size, '\xff')).size(),
                  tokens::longest_unverified);
    }
}

std::string token_of(std::string_view header, std::string_view claims)
{
    return jose::base64url_encode(header) + "." + jose::base64url_encode(claims) + ".AAAA";
}

std::string described(const std::string& token, failure why, int issuer = -1)
{
    return tokens::to_json(tokens::describe(*test::calendar_policy(), {token, issuer}, why, now).all());
}

TEST(describe, shows_the_header_the_usual_claims_and_the_expected_value)
{
    const auto token = token_of(
        R"({"alg":"RS256","kid":"k","typ":"JWT","jku":"https://evil.example"})",
        R"({"iss":"https://other.example","aud":["a","b"],"exp":1,"sub":"ann","scope":"read:app","scp":["x"]})");
    EXPECT_EQ(
        described(token, reason::unknown_issuer),
        R"({"alg":"RS256","kid":"k","typ":"JWT","iss":"https://other.example","aud":"[\"a\",\"b\"]",)"
        R"("exp":"1","scope":"read:app","scp":"[\"x\"]","wanted":"https://first.example/, https://second.example"})");
    EXPECT_EQ(described(token, reason::malformed_token).find("ann"), std::string::npos)
        << "the subject must not show unless it is the cause";
}

TEST(describe, reads_as_far_as_a_broken_token_is_readable)
{
    EXPECT_EQ(described("opaque", reason::malformed_token), "{}");
    EXPECT_EQ(described("", reason::malformed_token), "{}");
    EXPECT_EQ(described(".", reason::malformed_token), "{}");
    EXPECT_EQ(
        described(token_of(R"({"alg":7})", "no JSON"), {reason::malformed_token, cause::alg_not_string}),
        R"({"alg":"7"})");
    EXPECT_EQ(described(token_of("[]", R"({"iss":{"a":1}})"), reason::malformed_token),
              R"({"iss":"{\"a\":1}"})");
}

TEST(describe, names_the_unmet_requirement)
{
    const auto token = token_of(R"({"alg":"RS256"})", R"({"token_use":"id"})");
    EXPECT_EQ(described(token, {reason::wrong_claim, cause::required_claim_differs}, 1),
              R"({"alg":"RS256","token_use":"id","wanted":"token_use access"})");
}

} // namespace
