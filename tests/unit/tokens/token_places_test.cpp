// Tokens in the query, in cookies and in a WebSocket's subprotocols: which token is used, which requests are
// refused, and what the API gets after the token's removal.
#include "tokens/places/places.hpp"

#include "support/fields.hpp"
#include "tokens/places/removal.hpp"
#include "tokens/token_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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

struct rest {
    const char* before;
    const char* after;
};

TEST(token_places, keep_bytes_and_order_of_the_rest_of_a_query)
{
    const rest queries[] = {
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
    const auto from = all_places();
    const http::field_list fields;
    const places::removal of_all(from, fields, nullptr, true);
    for (const auto& r : queries) {
        std::string scratch;
        EXPECT_EQ(of_all.query(r.before, scratch), r.after) << r.before;
    }
}

TEST(token_places, keep_bytes_and_order_of_the_rest_of_cookies)
{
    const rest cookies[] = {
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
        places::cookie::append_others(r.before, names, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
}

TEST(token_places, keep_the_other_subprotocols)
{
    const rest protocols[] = {
        {"bearer, abc", ""}, {"bearer, abc, chat", "chat"}, {"chat, bearer, abc, v2.chat", "chat, v2.chat"},
        {"chat", "chat"},    {"chat, bearer", "chat"},
    };
    for (const auto& r : protocols) {
        const auto fields = fields_of({{"Sec-WebSocket-Protocol", r.before}});
        std::string out;
        places::websocket::append_others(fields, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
}

// A place that lacks one part is not a place. Each of these is a whole one but for that part.
struct unstripped {
    static constexpr std::string_view bearer_method{};
    static constexpr auto strip = places::stripped::always;
    static bool is_configured(const policy::token_settings&) noexcept { return true; }
    static void find(const policy::token_settings&, const credentials&, places::search&) {}
    static void put(const policy::token_settings&, std::string_view, places::request_builder&) {}
};
struct stripped_in_the_query : unstripped {
    static bool may_be_token(const policy::token_settings&, std::string_view) noexcept { return true; }
};
struct half_stripped_in_fields : unstripped { // drops the fields, and with them what is no token
    static http::field_set withheld(const policy::token_settings&) noexcept { return {}; }
};
struct not_found : places::query {
    static void find() = delete;
};
struct not_put : places::query {
    static void put() = delete;
};
struct not_advertised : places::query {
    static void bearer_method() = delete;
};
static_assert(!places::token_place<unstripped>);
static_assert(places::token_place<stripped_in_the_query>);
static_assert(!places::token_place<half_stripped_in_fields>);
static_assert(!places::token_place<not_found>);
static_assert(!places::token_place<not_put>);
static_assert(!places::token_place<not_advertised>);

// A request as a client would send it, parsed.
struct parsed_request {
    explicit parsed_request(const places::request_builder& made)
    {
        EXPECT_TRUE(http::parse_field_lines(made.lines, 0, head.fields));
        head.method = "GET";
        head.target = made.target;
    }
    [[nodiscard]] std::string_view query() const noexcept
    {
        return head.target.substr(std::min(head.target.find('?'), head.target.size()));
    }
    [[nodiscard]] result<taken_token> taken(const policy::token_settings& from)
    {
        return take_token(from, {head.fields, query(), true}, scratch);
    }
    http::request_head head;
    std::string scratch;
};

// Returns what the upstream gets: the target's query, and the lines of the fields.
places::request_builder forwarded(const policy::token_settings& from, const parsed_request& came,
                                  const taken_token* taken, bool withhold)
{
    const places::removal removal(from, came.head.fields, taken, withhold);
    places::request_builder out;
    std::string scratch;
    out.target = "/" + std::string(removal.query(came.query(), scratch));
    http::request_rules rules;
    rules.websocket = true;
    const auto filter = http::forward_filter::of_request(came.head, rules);
    removal.append_lines(out.lines, *filter);
    rules.also_drop = removal.withheld();
    EXPECT_TRUE(http::collect_forwarded(came.head, rules, [&](auto run) { out.lines += run; }));
    return out;
}

TEST(token_places, are_found_and_stripped_wherever_a_token_is_put)
{
    const std::string token = "abc.d-e_f~1";
    const auto from = all_places();
    places::all::for_each([&]<class Place>() {
        ASSERT_TRUE(Place::is_configured(from)) << "all_places() of this test lacks one";
        places::request_builder made;
        made.target = "/?left=1";
        made.add("Cookie", "left=2");
        made.add("Sec-WebSocket-Protocol", "left3");
        made.add("Left", "4");
        Place::put(from, token, made);
        parsed_request came(made);
        const auto taken = came.taken(from);
        ASSERT_TRUE(taken) << made.target << '\n' << made.lines;
        EXPECT_EQ(taken->text, token);

        for (const bool withhold : {false, true}) {
            auto out = forwarded(from, came, &*taken, withhold);
            SCOPED_TRACE(out.target + '\n' + out.lines);
            EXPECT_EQ(out.target, "/?left=1");
            for (const auto* other : {"Cookie: left=2\r\n", "left3\r\n", "Left: 4\r\n"})
                EXPECT_NE(out.lines.find(other), std::string::npos) << other;
            // It goes on in Authorization, if at all, and nowhere else.
            const auto line = "Authorization: Bearer " + token + "\r\n";
            const auto at = out.lines.find(line);
            EXPECT_EQ(at == std::string::npos, withhold);
            if (at != std::string::npos)
                out.lines.erase(at, line.size());
            EXPECT_EQ((out.target + out.lines).find(token), std::string::npos);
            parsed_request upstream(out);
            const auto again = upstream.taken(from);
            ASSERT_FALSE(again);
            EXPECT_EQ(again.error(), reason::no_token);
        }
    });
}

} // namespace
} // namespace scopegate::tokens
