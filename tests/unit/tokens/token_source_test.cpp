#include "tokens/token_source.hpp"

#include "support/fields.hpp"
#include "tokens/places/header.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace {

using namespace scopegate;
using test::fields_of;

struct row {
    const char* why;
    test::field_texts fields;
    reason refused; // allowed: the token is the expected one
    const char* token = "";
};

// Takes a token as the validator does: a text that is not a b64token is not a token.
result<tokens::taken_token> take(const http::field_list& fields, bool dpop)
{
    const auto taken = tokens::places::header::take(fields, dpop);
    if (taken && !tokens::is_b64token(taken->text))
        return reason::malformed_credentials;
    return taken;
}

TEST(token_source, accepts_exactly_one_bearer_token)
{
    const row rows[] = {
        {"the usual one", {{"Authorization", "Bearer abc.def.ghi"}}, reason::allowed, "abc.def.ghi"},
        {"a scheme in any letter case", {{"authorization", "bEARER abc"}}, reason::allowed, "abc"},
        {"several spaces", {{"Authorization", "Bearer   abc"}}, reason::allowed, "abc"},
        {"every character of b64token",
         {{"Authorization", "Bearer AZaz09-._~+/=="}},
         reason::allowed,
         "AZaz09-._~+/=="},
        {"among other fields",
         {{"Host", "x"}, {"AUTHORIZATION", "Bearer abc"}, {"Cookie", "a=b"}},
         reason::allowed,
         "abc"},

        {"no field at all", {}, reason::no_token},
        {"a proxy's credentials are not ours", {{"Proxy-Authorization", "Bearer abc"}}, reason::no_token},
        {"another scheme", {{"Authorization", "Basic dXNlcjpwYXNz"}}, reason::no_token},
        {"a scheme that begins like ours", {{"Authorization", "BearerX abc"}}, reason::no_token},
        {"a scheme that ends like ours", {{"Authorization", "XBearer abc"}}, reason::no_token},
        {"DPoP is another scheme where it is off", {{"Authorization", "DPoP abc"}}, reason::no_token},
        {"an empty field", {{"Authorization", ""}}, reason::no_token},
        {"a token without a scheme", {{"Authorization", "abc.def.ghi"}}, reason::no_token},
        {"an underscore is never read as the field itself",
         {{"Authorization_", "Bearer abc"}},
         reason::no_token},

        {"no token behind the scheme", {{"Authorization", "Bearer"}}, reason::malformed_credentials},
        {"a tab is no space", {{"Authorization", "Bearer\tabc"}}, reason::malformed_credentials},
        {"a comma behind the scheme", {{"Authorization", "Bearer, abc"}}, reason::malformed_credentials},
        {"two tokens", {{"Authorization", "Bearer abc def"}}, reason::malformed_credentials},
        {"two credentials", {{"Authorization", "Bearer abc, Bearer def"}}, reason::malformed_credentials},
        {"parameters", {{"Authorization", "Bearer token=\"abc\""}}, reason::malformed_credentials},
        {"padding only", {{"Authorization", "Bearer =="}}, reason::malformed_credentials},
        {"padding within", {{"Authorization", "Bearer ab=c"}}, reason::malformed_credentials},
        {"a character outside of b64token",
         {{"Authorization", "Bearer ab!c"}},
         reason::malformed_credentials},
        {"what is no ASCII", {{"Authorization", "Bearer ab\xc3\xa4"}}, reason::malformed_credentials},

        {"two fields",
         {{"Authorization", "Bearer abc"}, {"Authorization", "Bearer abc"}},
         reason::several_tokens},
        {"two fields of different schemes",
         {{"Authorization", "Basic eA=="}, {"Authorization", "Bearer abc"}},
         reason::several_tokens},
        {"two fields in two letter cases",
         {{"authorization", "Bearer abc"}, {"AUTHORIZATION", "Bearer def"}},
         reason::several_tokens},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(r.why);
        const auto fields = fields_of(r.fields);
        const auto taken = take(fields, false);
        EXPECT_EQ(name(taken ? failure(reason::allowed) : taken.error()), name(r.refused));
        if (taken) {
            EXPECT_EQ(taken->text, r.token);
            EXPECT_FALSE(taken->dpop);
        }
    }
}

TEST(token_source, takes_a_token_under_the_scheme_dpop_unless_it_is_off)
{
    const row rows[] = {
        {"the usual one", {{"Authorization", "DPoP abc.def.ghi"}}, reason::allowed, "abc.def.ghi"},
        {"in any letter case", {{"authorization", "dpop  abc=="}}, reason::allowed, "abc=="},
        {"a scheme that begins like it", {{"Authorization", "DPoPX abc"}}, reason::no_token},
        {"no token behind it", {{"Authorization", "DPoP"}}, reason::malformed_credentials},
        {"two tokens", {{"Authorization", "DPoP abc def"}}, reason::malformed_credentials},
        {"two schemes", {{"Authorization", "DPoP abc, Bearer abc"}}, reason::malformed_credentials},
        {"a second field",
         {{"Authorization", "DPoP abc"}, {"Authorization", "Bearer abc"}},
         reason::several_tokens},
        {"a proof is no token", {{"DPoP", "abc"}}, reason::no_token},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(r.why);
        const auto fields = fields_of(r.fields);
        const auto taken = take(fields, true);
        EXPECT_EQ(name(taken ? failure(reason::allowed) : taken.error()), name(r.refused));
        if (taken) {
            EXPECT_EQ(taken->text, r.token);
            EXPECT_TRUE(taken->dpop);
            EXPECT_TRUE(taken->from_header);
        }
    }
    const row plain{"", {{"Authorization", "Bearer abc"}}, reason::allowed, "abc"};
    const auto fields = fields_of(plain.fields);
    EXPECT_FALSE(tokens::places::header::take(fields, true)->dpop);
}

// A CGI application reads any of these spellings as HTTP_AUTHORIZATION, so each counts as a token.
TEST(token_source, treats_an_underscore_spelling_as_a_second_token)
{
    http::field_list fields(2);
    fields[0].id = http::field_id::authorization;
    fields[0].value = "Bearer abc";
    fields[1].id = http::field_id::authorization;
    fields[1].value = "Bearer def";
    fields[1].underscore = true;
    const auto taken = tokens::places::header::take(fields, false);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error(), reason::several_tokens);

    fields.erase(fields.begin());
    const auto alone = tokens::places::header::take(fields, false);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error(), reason::no_token);
}

} // namespace
