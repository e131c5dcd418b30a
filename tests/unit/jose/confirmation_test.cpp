#include "jose/confirmation.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose {
namespace {

const std::string good = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"; // RFC 9449 section 6.1

result<confirmation> read(const std::string& claims)
{
    return read_confirmation(*json::parse(claims));
}

TEST(confirmation, returns_what_a_token_is_bound_to)
{
    EXPECT_TRUE(read(R"({"sub":"u"})")->empty());
    const auto key = read(R"({"cnf":{"jkt":")" + good + R"("}})");
    EXPECT_EQ(key->key, good);
    EXPECT_EQ(key->certificate, "");
    const auto both = read(R"({"cnf":{"x5t#S256":")" + good + R"(","jkt":")" + good + R"("}})");
    EXPECT_EQ(both->key, good);
    EXPECT_EQ(both->certificate, good);
    EXPECT_FALSE(both->empty());
}

TEST(confirmation, is_never_ignored_when_it_is_unknown)
{
    const std::string rows[] = {
        "null",
        "{}",
        "[]",
        "\"x\"",
        "true",
        R"({"jkt":null})",
        R"({"jkt":"x"})",
        R"({"jkt":""})",
        R"({"jkt":[")" + good + R"("]})",
        R"({"jkt":")" + good + R"(="})",
        R"({"jkt":")" + good + R"(A"})",
        R"({"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4J"})", // its last bits encode no octet
        R"({"x5t#S256":"x"})",
        R"({"x5t":")" + good + R"("})",
        R"({"JKT":")" + good + R"("})",
        R"({"jwk":{"kty":"EC"}})",
        R"({"jwe":"x"})",
        R"({"kid":"x"})",
        R"({"jku":"https://a"})",
        R"({"jkt":")" + good + R"(","kid":"x"})",
        R"({"jkt":")" + good + R"(","jwk":{"kty":"EC"}})",
    };
    for (const auto& cnf : rows) {
        const auto out = read(R"({"cnf":)" + cnf + "}");
        ASSERT_FALSE(out) << cnf;
        EXPECT_EQ(out.error(), reason::unbound_token) << cnf;
    }
}

} // namespace
} // namespace scopegate::jose
