// Tokens in the query, in cookies and in a WebSocket's subprotocols: which token is used, which requests are
// refused, and what the API gets after the token's removal.
#include "tokens/token_places.hpp"

#include "support/fields.hpp"
#include "tokens/token_source.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace scopegate::tokens {
namespace {

using test::field_texts;
using test::fields_of;

policy::token_settings all_places()
{
    policy::token_settings places;
    places.cookies = {"session"};
    places.queries = {"access_token"};
    places.websocket = true;
    return places;
}

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

struct removal {
    const char* before;
    const char* after;
};

TEST(token_places, keep_bytes_and_order_of_the_rest_of_a_query)
{
    const removal queries[] = {
        {"", ""},
        {"?", "?"},
        {"?a=1&b=2", "?a=1&b=2"},
        {"?access_token=abc", ""},
        {"?access_token=abc&a=%31&&b=+%zz&", "?a=%31&&b=+%zz&"},
        {"?a=1&access_token=abc", "?a=1"},
        {"?a=1&access_token=abc&b=2", "?a=1&b=2"},
        {"?a=1&access%5ftoken=abc&Access_Token=x&b=2;access_token=y&c", "?a=1&c"},
        {"?access_token=abc&", "?"},
        {"?access_tokens=abc&a=access_token", "?access_tokens=abc&a=access_token"},
    };
    const std::vector<std::string> names{"access_token"};
    for (const auto& r : queries) {
        std::string out;
        append_query_without_tokens(r.before, names, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
}

TEST(token_places, keep_bytes_and_order_of_the_rest_of_cookies)
{
    const removal cookies[] = {
        {"a=1; b=2", "a=1; b=2"},
        {"session=abc", ""},
        {"session=abc; a=\"1\";b=2", "a=\"1\";b=2"},
        {"a=1; session=abc; b=2", "a=1; b=2"},
        {"a=1;  session=abc", "a=1"},
        {"a=1; Session=x; session =abc", "a=1"},
        {"sessions=1; xsession=2", "sessions=1; xsession=2"},
    };
    const std::vector<std::string> names{"session"};
    for (const auto& r : cookies) {
        std::string out;
        append_cookies_without_tokens(r.before, names, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
}

TEST(token_places, keep_the_other_subprotocols)
{
    const removal protocols[] = {
        {"bearer, abc", ""}, {"bearer, abc, chat", "chat"}, {"chat, bearer, abc, v2.chat", "chat, v2.chat"},
        {"chat", "chat"},    {"chat, bearer", "chat"},
    };
    for (const auto& r : protocols) {
        const auto fields = fields_of({{"Sec-WebSocket-Protocol", r.before}});
        std::string out;
        append_protocols_without_token(fields, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
}

} // namespace
} // namespace scopegate::tokens
