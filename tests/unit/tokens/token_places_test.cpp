// Tokens in Authorization, in other fields, in the query, in cookies and in a WebSocket's subprotocols: which
// token is used, and which requests are refused.
#include "tokens/token_source.hpp"

#include "unit/tokens/token_places.hpp"

#include <string>
#include <type_traits>

namespace scopegate::tokens {
namespace {

using scopegate::test::field_texts;
using scopegate::test::fields_of;
using test::all_places;
using test::parsed_request;

struct row {
    const char* why;
    const char* query;
    field_texts fields;
    reason outcome = reason::allowed; // allowed: the token is `abc`
};

const row rows[] = {
    {"nothing anywhere", "?a=1", {{"Cookie", "a=1; b=2"}}, reason::no_token},
    {"Authorization", "", {{"Authorization", "Bearer abc"}}},
    {"a parameter", "?access_token=abc", {}},
    {"a parameter among others", "?a=1&access_token=abc&b", {}},
    {"a percent-encoded value", "?access_token=%61b%63", {}},
    {"a cookie", "", {{"Cookie", "session=abc"}}},
    {"a cookie among others", "", {{"Cookie", "a=1; session=abc; b=2"}}},
    {"a cookie in the second field", "", {{"Cookie", "a=1"}, {"Cookie", "session=abc"}}},
    {"a cookie without blanks", "", {{"Cookie", "a=1;session=abc;b=2"}}},
    {"a subprotocol", "", {{"Sec-WebSocket-Protocol", "bearer, abc"}}},
    {"a subprotocol among others", "", {{"Sec-WebSocket-Protocol", "chat, bearer,abc ,v2"}}},
    {"a subprotocol in two fields",
     "",
     {{"Sec-WebSocket-Protocol", "bearer"}, {"Sec-WebSocket-Protocol", "abc"}}},
    {"a field of a product in front", "", {{"Cf-Access-Jwt-Assertion", "abc"}}},
    {"the field with a scheme", "", {{"X-Forwarded-Access-Token", "Bearer abc"}}},
    {"the field's scheme in another letter case", "", {{"X-Forwarded-Access-Token", "bearer   abc"}}},
    {"the field's name in another letter case", "", {{"CF-ACCESS-jwt-assertion", "abc"}}},
    {"the field beside credentials that are no token",
     "",
     {{"Authorization", "Basic eA=="}, {"Cf-Access-Jwt-Assertion", "abc"}}},
    {"the field beside an empty one",
     "",
     {{"Cf-Access-Jwt-Assertion", "abc"}, {"X-Forwarded-Access-Token", ""}}},
    {"a field that Connection names",
     "",
     {{"Connection", "Cf-Access-Jwt-Assertion"}, {"Cf-Access-Jwt-Assertion", "abc"}}},
    {"a field without a value is no token", "", {{"Cf-Access-Jwt-Assertion", ""}}, reason::no_token},
    {"a field that only resembles it", "", {{"Cf-Access-Jwt-Assertions", "abc"}}, reason::no_token},
    {"a subprotocol of Kubernetes",
     "",
     {{"Sec-WebSocket-Protocol", "v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.YWJj"}}},
    {"a subprotocol of Jupyter",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org, v1.token.websocket.jupyter.org.abc"}}},
    {"a subprotocol with a percent-encoded token",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org.%61b%63"}}},
    {"a subprotocol with a token in the second field, behind empty elements",
     "",
     {{"Sec-WebSocket-Protocol", "chat,, "},
      {"Sec-WebSocket-Protocol", ", ,base64url.bearer.authorization.k8s.io.YWJj,"}}},
    {"a subprotocol in a field with _ is none",
     "",
     {{"Sec_WebSocket_Protocol", "v1.token.websocket.jupyter.org.abc"}},
     reason::no_token},
    {"the prefix without its last dot is another subprotocol",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org"}},
     reason::no_token},
    {"a subprotocol that contains a prefix",
     "",
     {{"Sec-WebSocket-Protocol", "xv1.token.websocket.jupyter.org.abc"}},
     reason::no_token},
    {"Basic is no token, the cookie is one",
     "",
     {{"Authorization", "Basic eA=="}, {"Cookie", "session=abc"}}},
    {"a cookie that was cleared is no token", "", {{"Cookie", "session="}}, reason::no_token},
    {"a cleared cookie beside a token", "?access_token=abc", {{"Cookie", "session="}}},
    {"names that only resemble", "?access_tokens=x&xaccess_token=y&access-token=z", {}, reason::no_token},
    {"a value that names it", "?a=access_token", {}, reason::no_token},
    {"a cookie whose value names it", "", {{"Cookie", "a=session"}}, reason::no_token},

    {"header and query", "?access_token=abc", {{"Authorization", "Bearer abc"}}, reason::several_tokens},
    {"header and cookie",
     "",
     {{"Authorization", "Bearer abc"}, {"Cookie", "session=abc"}},
     reason::several_tokens},
    {"query and cookie", "?access_token=abc", {{"Cookie", "session=abc"}}, reason::several_tokens},
    {"cookie and subprotocol",
     "",
     {{"Sec-WebSocket-Protocol", "bearer, abc"}, {"Cookie", "session=abc"}},
     reason::several_tokens},
    {"the parameter twice", "?access_token=abc&access_token=abc", {}, reason::several_tokens},
    {"the parameter in two spellings", "?access_token=abc&access%5Ftoken=abc", {}, reason::several_tokens},
    {"the parameter twice, once empty", "?access_token=abc&access_token=", {}, reason::several_tokens},
    {"a bad one beside a good one",
     "?access_token=a%20b",
     {{"Cookie", "session=abc"}},
     reason::several_tokens},
    {"the cookie twice", "", {{"Cookie", "session=abc; session=abc"}}, reason::several_tokens},
    {"the cookie in two fields",
     "",
     {{"Cookie", "session=abc"}, {"Cookie", "session=def"}},
     reason::several_tokens},
    {"bearer twice", "", {{"Sec-WebSocket-Protocol", "bearer, abc, bearer, def"}}, reason::several_tokens},
    {"two Authorization fields",
     "",
     {{"Authorization", "Basic eA=="}, {"Authorization", "Bearer abc"}},
     reason::several_tokens},

    {"the field twice",
     "",
     {{"Cf-Access-Jwt-Assertion", "abc"}, {"cf-access-jwt-assertion", "abc"}},
     reason::several_tokens},
    {"the field in two spellings",
     "",
     {{"Cf-Access-Jwt-Assertion", "abc"}, {"Cf_Access_Jwt_Assertion", "abc"}},
     reason::several_tokens},
    {"two fields",
     "",
     {{"Cf-Access-Jwt-Assertion", "abc"}, {"X-Forwarded-Access-Token", "abc"}},
     reason::several_tokens},
    {"a list in the field", "", {{"Cf-Access-Jwt-Assertion", "abc, abc"}}, reason::several_tokens},
    {"a list with one element", "", {{"Cf-Access-Jwt-Assertion", "abc,"}}, reason::several_tokens},
    {"a list behind the scheme",
     "",
     {{"X-Forwarded-Access-Token", "Bearer abc, Bearer abc"}},
     reason::several_tokens},
    {"header and field",
     "",
     {{"Authorization", "Bearer abc"}, {"Cf-Access-Jwt-Assertion", "abc"}},
     reason::several_tokens},
    {"field and cookie",
     "",
     {{"Cookie", "session=abc"}, {"Cf-Access-Jwt-Assertion", "abc"}},
     reason::several_tokens},
    {"field and query", "?access_token=abc", {{"Cf-Access-Jwt-Assertion", "abc"}}, reason::several_tokens},
    {"field and subprotocol",
     "",
     {{"Cf-Access-Jwt-Assertion", "abc"}, {"Sec-WebSocket-Protocol", "bearer, abc"}},
     reason::several_tokens},
    {"both kinds of subprotocols",
     "",
     {{"Sec-WebSocket-Protocol", "bearer, abc, v1.token.websocket.jupyter.org.abc"}},
     reason::several_tokens},
    {"subprotocols with two prefixes",
     "",
     {{"Sec-WebSocket-Protocol",
       "v1.token.websocket.jupyter.org.abc, base64url.bearer.authorization.k8s.io.YWJj"}},
     reason::several_tokens},
    {"a prefix twice",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org.abc, v1.token.websocket.jupyter.org.abc"}},
     reason::several_tokens},
    {"a prefix twice, once in capitals",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org.abc, V1.TOKEN.websocket.jupyter.org.abc"}},
     reason::several_tokens},

    {"the field spelled with _", "", {{"Cf_Access_Jwt_Assertion", "abc"}}, reason::malformed_credentials},
    {"the field spelled with _, without a value",
     "",
     {{"Cf_Access-Jwt_Assertion", ""}},
     reason::malformed_credentials},
    {"a scheme alone in the field",
     "",
     {{"X-Forwarded-Access-Token", "Bearer"}},
     reason::malformed_credentials},
    {"a tab behind the field's scheme",
     "",
     {{"X-Forwarded-Access-Token", "Bearer\tabc"}},
     reason::malformed_credentials},
    {"the scheme twice",
     "",
     {{"X-Forwarded-Access-Token", "Bearer Bearer abc"}},
     reason::malformed_credentials},
    {"DPoP in the field", "", {{"X-Forwarded-Access-Token", "DPoP abc"}}, reason::malformed_credentials},
    {"bytes beyond ASCII in the field",
     "",
     {{"Cf-Access-Jwt-Assertion", "ab\xC3\xA7"}},
     reason::malformed_credentials},
    {"a quoted value of the field",
     "",
     {{"Cf-Access-Jwt-Assertion", "\"abc\""}},
     reason::malformed_credentials},
    {"a prefix in capitals",
     "",
     {{"Sec-WebSocket-Protocol", "V1.token.websocket.jupyter.org.abc"}},
     reason::malformed_credentials},
    {"a prefix without a token",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org."}},
     reason::malformed_credentials},
    {"an encoded prefix without a token",
     "",
     {{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io."}},
     reason::malformed_credentials},
    {"base64url with padding",
     "",
     {{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.YWI="}},
     reason::malformed_credentials},
    {"base64url with stray bits",
     "",
     {{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.YWJ"}},
     reason::malformed_credentials},
    {"a comma behind base64url",
     "",
     {{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.YSxi"}},
     reason::malformed_credentials},
    {"a line end behind base64url",
     "",
     {{"Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.YQ0KYg"}},
     reason::malformed_credentials},
    {"a triplet gone wrong in a subprotocol",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org.abc%4"}},
     reason::malformed_credentials},
    {"an encoded line end in a subprotocol",
     "",
     {{"Sec-WebSocket-Protocol", "v1.token.websocket.jupyter.org.a%0D%0Ab"}},
     reason::malformed_credentials},
    {"a parameter without a value", "?access_token", {}, reason::malformed_credentials},
    {"an empty parameter", "?access_token=", {}, reason::malformed_credentials},
    {"a triplet gone wrong", "?access_token=abc%4", {}, reason::malformed_credentials},
    {"a plus, which forms read as a space", "?access_token=a+c", {}, reason::malformed_credentials},
    {"a space", "?access_token=a%20c", {}, reason::malformed_credentials},
    {"a NUL", "?access_token=abc%00", {}, reason::malformed_credentials},
    {"a second separator", "?access_token=abc;x=1", {}, reason::malformed_credentials},
    {"a parameter behind a semicolon", "?a=1;access_token=abc", {}, reason::malformed_credentials},
    {"the name percent-encoded", "?access%5Ftoken=abc", {}, reason::malformed_credentials},
    {"the name in capitals", "?ACCESS_TOKEN=abc", {}, reason::malformed_credentials},
    {"the name as PHP reads it", "?access.token=abc", {}, reason::malformed_credentials},
    {"the name with a blank in it", "?access+token=abc", {}, reason::malformed_credentials},
    {"the name behind a blank", "?+access_token=abc", {}, reason::malformed_credentials},
    {"the name with an index", "?access_token[]=abc", {}, reason::malformed_credentials},
    {"the name with an encoded index", "?access_token%5B0%5D=abc", {}, reason::malformed_credentials},
    {"the name cut by a NUL", "?access_token%00x=abc", {}, reason::malformed_credentials},
    {"a quoted cookie", "", {{"Cookie", "session=\"abc\""}}, reason::malformed_credentials},
    {"a percent-encoded cookie", "", {{"Cookie", "session=%61bc"}}, reason::malformed_credentials},
    {"a cookie in capitals", "", {{"Cookie", "SESSION=abc"}}, reason::malformed_credentials},
    {"a cookie behind a comma", "", {{"Cookie", "a=1, session=abc"}}, reason::malformed_credentials},
    {"bearer without a token", "", {{"Sec-WebSocket-Protocol", "bearer"}}, reason::malformed_credentials},
    {"bearer at the end", "", {{"Sec-WebSocket-Protocol", "chat, bearer"}}, reason::malformed_credentials},
    {"Bearer in capitals", "", {{"Sec-WebSocket-Protocol", "Bearer, abc"}}, reason::malformed_credentials},
    {"a subprotocol that is no token",
     "",
     {{"Sec-WebSocket-Protocol", "bearer, a!c"}},
     reason::malformed_credentials},
};

TEST(token_places, yield_exactly_one_token)
{
    for (const auto& r : rows) {
        SCOPED_TRACE(r.why);
        const auto fields = fields_of(r.fields);
        std::string scratch;
        auto taken = take_token(all_places(), {fields, r.query, true}, scratch);
        if (taken && !is_b64token(taken->text)) // the validator refuses it later
            taken = reason::malformed_credentials;
        EXPECT_EQ(name(taken ? failure(reason::allowed) : taken.error()), name(r.outcome));
        if (taken) {
            EXPECT_EQ(taken->text, "abc");
            EXPECT_EQ(taken->from_header, r.why == std::string("Authorization"));
        }
    }
}

TEST(token_places, tell_a_cookie_from_other_places)
{
    const auto from = all_places();
    places::all::for_each([&]<class Place>() {
        places::request_builder made;
        made.target = "/";
        Place::put(from, "abc", made);
        parsed_request came(made);
        const auto taken = came.taken(from);
        ASSERT_TRUE(taken) << made.lines;
        EXPECT_EQ(taken->from_cookie, (std::is_same_v<Place, places::cookie>)) << made.lines;
    });
}

TEST(token_places, exclude_places_that_are_not_configured)
{
    const auto fields = fields_of({{"Authorization", "Bearer abc"},
                                   {"Cookie", "session=abc"},
                                   {"Sec-WebSocket-Protocol", "bearer, abc"}});
    const std::string_view query = "?access_token=abc";
    std::string scratch;
    const auto by_default = take_token(policy::token_settings{}, {fields, query, true}, scratch);
    ASSERT_TRUE(by_default);
    EXPECT_TRUE(by_default->from_header);

    policy::token_settings cookie;
    cookie.header = false;
    cookie.cookies = {"session"};
    const auto from_cookie = take_token(cookie, {fields, query, true}, scratch);
    ASSERT_TRUE(from_cookie);
    EXPECT_FALSE(from_cookie->from_header);
}

TEST(token_places, include_subprotocols_only_in_a_websocket_handshake)
{
    const auto fields = fields_of({{"Sec-WebSocket-Protocol", "bearer, abc"}});
    std::string scratch;
    const auto taken = take_token(all_places(), {fields, "", false}, scratch);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error(), reason::no_token);
}

// `websocket` puts the pair; without it, a prefix is put.
TEST(token_places, put_a_token_behind_each_kind_of_prefix)
{
    for (const char* prefix : {"base64url.bearer.phx.", "v1.token.websocket.jupyter.org."})
        for (const std::string token : {"abc.d-e_f~1", "a/b+c=="}) {
            policy::token_settings from;
            from.subprotocols = {prefix};
            places::request_builder made;
            places::websocket::put(from, token, made);
            parsed_request came(made);
            const auto taken = came.taken(from);
            ASSERT_TRUE(taken) << made.lines;
            EXPECT_EQ(taken->text, token);
        }
}

} // namespace
} // namespace scopegate::tokens
