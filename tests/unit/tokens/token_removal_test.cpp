// Requests without their tokens: what the API gets in each place where a token may be, and what it never
// gets.
#include "tokens/places/removal.hpp"

#include "jose/base64url.hpp"
#include "tokens/identity.hpp"
#include "unit/tokens/token_places.hpp"

#include <string>
#include <vector>

namespace scopegate::tokens {
namespace {

using scopegate::test::fields_of;
using test::all_places;
using test::parsed_request;

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
        {"bearer, abc", ""},
        {"bearer, abc, chat", "chat"},
        {"chat, bearer, abc, v2.chat", "chat, v2.chat"},
        {"chat", "chat"},
        {"chat, bearer", "chat"},
        {"base64url.bearer.authorization.k8s.io.YWJj, v4.channel.k8s.io", "v4.channel.k8s.io"},
        {"v1.token.websocket.jupyter.org, V1.token.websocket.jupyter.org.x, chat",
         "v1.token.websocket.jupyter.org, chat"},
        {"base64url.bearer.authorization.k8s.io.", ""},
    };
    for (const auto& r : protocols) {
        const auto fields = fields_of({{"Sec-WebSocket-Protocol", r.before}});
        std::string out;
        places::websocket::append_others(all_places(), fields, out);
        EXPECT_EQ(out, r.after) << r.before;
    }
    const auto fields = fields_of({{"Sec-WebSocket-Protocol", "bearer, abc, chat"}});
    policy::token_settings prefixes = all_places();
    prefixes.websocket = false;
    std::string out;
    places::websocket::append_others(prefixes, fields, out);
    EXPECT_EQ(out, "bearer, abc, chat") << "the pair is not configured";
}

TEST(token_places, choose_a_subprotocol_that_holds_no_token)
{
    const rest choices[] = {
        {"bearer, abc", "bearer"},
        {"chat, bearer", "bearer"},
        {"chat", ""},
        {"v1.token.websocket.jupyter.org", ""},
        {"v1.token.websocket.jupyter.org.abc", ""},
        {"chat, v1.token.websocket.jupyter.org.abc", ""},
        {"v1.token.websocket.jupyter.org, v1.token.websocket.jupyter.org.abc",
         "v1.token.websocket.jupyter.org"},
        {"v1.token.websocket.jupyter.org.abc, v1.token.websocket.jupyter.org",
         "v1.token.websocket.jupyter.org"},
        {"V1.token.websocket.jupyter.org, v1.token.websocket.jupyter.org.abc", ""},
        {"v1.token.websocket.jupyter.org, base64url.bearer.authorization.k8s.io.YWJj", ""},
    };
    const auto from = all_places();
    for (const auto& r : choices) {
        const auto fields = fields_of({{"Sec-WebSocket-Protocol", r.before}});
        EXPECT_EQ(places::websocket::own_choice(from, fields), r.after) << r.before;
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
struct stripped_by_name_sometimes : unstripped {
    static constexpr auto strip = places::stripped::with_a_token;
    static places::field_names names(const policy::token_settings&) noexcept { return {}; }
};
static_assert(!places::token_place<stripped_by_name_sometimes>);
static_assert(!places::token_place<not_found>);
static_assert(!places::token_place<not_put>);
static_assert(!places::token_place<not_advertised>);

// Returns what the upstream gets: the target's query, and the lines of the fields.
places::request_builder forwarded(const policy::token_settings& from, const parsed_request& came,
                                  const taken_token* taken, bool withhold)
{
    const places::removal removal(from, came.head.fields, taken, withhold);
    places::request_builder out;
    std::string scratch;
    out.target = "/" + std::string(removal.query(came.query(), scratch));
    policy::policy p;
    p.tokens = from;
    const auto dropped = identity_names(p);
    http::request_rules rules;
    rules.websocket = true;
    rules.identity = dropped;
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
            EXPECT_EQ((out.target + out.lines).find(jose::base64url_encode(token)), std::string::npos);
            parsed_request upstream(out);
            const auto again = upstream.taken(from);
            ASSERT_FALSE(again);
            EXPECT_EQ(again.error(), reason::no_token);
        }
    });
}

// A field of the list is not the upstream's, whatever becomes of the request.
TEST(token_places, drop_their_fields_without_a_token_too)
{
    places::request_builder made;
    made.target = "/";
    made.lines = "Cf-Access-Jwt-Assertion: a\r\ncf_access_JWT-assertion: b\r\nX-Forwarded_Access-Token: c\r\n"
                 "X-Forwarded-Access-Token: d\r\nCf-Access-Jwt: left\r\n";
    parsed_request came(made);
    const auto out = forwarded(all_places(), came, nullptr, false);
    EXPECT_EQ(out.lines, "Cf-Access-Jwt: left\r\n");
}

} // namespace
} // namespace scopegate::tokens
