#include "material.hpp"
#include "support/reason_of.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose::test {
namespace {

using scopegate::test::jwk_set_text;
using scopegate::test::keys_for;
using scopegate::test::make_token;

TEST(token_maker, makes_tokens_that_its_keys_verify)
{
    const auto claims = R"({"sub":"u1"})";
    const auto all_public =
        keys_for({algorithm::rs256, algorithm::rs384, algorithm::rs512, algorithm::ps256, algorithm::ps384,
                  algorithm::ps512, algorithm::es256, algorithm::es384, algorithm::es512, algorithm::eddsa});
    EXPECT_EQ(all_public->size(), 10U);
    for (const auto a : all_algorithms()) {
        const auto keys = is_symmetric(a) ? keys_for({a}) : all_public;
        const auto token = split(make_token(claims, a)).value();
        EXPECT_EQ(token.payload, claims);
        EXPECT_EQ(scopegate::test::reason_of(verify(split(make_token(claims, a)).value(), *keys)),
                  reason::allowed)
            << name(a);
        const auto& stranger = other_key_for(a);
        EXPECT_NE(scopegate::test::reason_of(verify(split(make_token(claims, stranger)).value(), *keys)),
                  reason::allowed)
            << name(a);
    }
    EXPECT_EQ(&key_for(algorithm::rs256), &key_for(algorithm::rs256)) << "made once";
    EXPECT_EQ(split(make_token("{}", algorithm::es256, {{"typ", text("at+jwt")}})).value().header.typ,
              "at+jwt");
    EXPECT_EQ(parse_json(jwk_set_text({algorithm::es256})).find("keys")->if_array()->size(), 1U);
}

} // namespace
} // namespace scopegate::jose::test
