// Requests with a token in a cookie: which of them may be another origin's, and what the decision makes of
// that.
#include "access/cross_origin.hpp"

#include "support/fields.hpp"
#include "unit/access/evaluate.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <string>

namespace scopegate::access {
namespace {

using scopegate::test::field_texts;
using scopegate::test::fields_of;
using testing::Contains;
using testing::IsEmpty;

constexpr wall_time noon{std::chrono::seconds(1'800'000'000)};

struct asked {
    const char* method = "POST";
    const char* host = "calendar.example.com";
    bool tls = true; // of the connection
    bool websocket = false;
    bool trusted_peer = false;
};

struct row {
    const char* sentence;
    field_texts fields;
    cause why = cause::none; // none: the request passes
    asked is = {};
};

const asked get{"GET"}, handshake{"GET", "calendar.example.com", true, true},
    plain{"POST", "calendar.example.com", false}, forwarded{"POST", "10.0.0.7:8080", false, false, true};

const row rows[] = {
    {"neither field: not a browser", {}},
    {"this server's own origin", {{"Origin", "https://calendar.example.com"}}},
    {"its origin with the default port", {{"Origin", "https://calendar.example.com:443"}}},
    {"its origin in capitals", {{"Origin", "https://CALENDAR.example.com"}}},
    {"another port of the same host",
     {{"Origin", "https://calendar.example.com:8443"}},
     cause::foreign_origin},
    {"the same host by plain http", {{"Origin", "http://calendar.example.com"}}, cause::foreign_origin},
    {"another host", {{"Origin", "https://evil.test"}}, cause::foreign_origin},
    {"a name below this server's", {{"Origin", "https://a.calendar.example.com"}}, cause::foreign_origin},
    {"a name that begins like this server's",
     {{"Origin", "https://calendar.example.com.evil.test"}},
     cause::foreign_origin},
    {"a final dot is another host", {{"Origin", "https://calendar.example.com."}}, cause::foreign_origin},
    {"user information", {{"Origin", "https://calendar.example.com@evil.test"}}, cause::foreign_origin},
    {"the own host as user information",
     {{"Origin", "https://evil.test@calendar.example.com"}},
     cause::foreign_origin},
    {"a path", {{"Origin", "https://calendar.example.com/"}}, cause::foreign_origin},
    {"no scheme", {{"Origin", "calendar.example.com"}}, cause::foreign_origin},
    {"another kind of scheme",
     {{"Origin", "chrome-extension://calendar.example.com"}},
     cause::foreign_origin},
    {"bytes beyond ASCII", {{"Origin", "https://calendar.example.com\xE2\x80\xA6"}}, cause::foreign_origin},
    {"null is every sandboxed page's", {{"Origin", "null"}}, cause::null_origin},
    {"null beside Sec-Fetch-Site",
     {{"Origin", "null"}, {"Sec-Fetch-Site", "same-origin"}},
     cause::null_origin},
    {"an empty origin", {{"Origin", ""}}, cause::several_origins},
    {"two origins, both this server's",
     {{"Origin", "https://calendar.example.com"}, {"Origin", "https://calendar.example.com"}},
     cause::several_origins},
    {"two origins in one field",
     {{"Origin", "https://calendar.example.com https://evil.test"}},
     cause::foreign_origin},

    {"an application that is listed", {{"Origin", "https://app.example.com"}}},
    {"an application below a listed domain", {{"Origin", "https://a.apps.example.org"}}},
    {"the listed domain itself", {{"Origin", "https://apps.example.org"}}, cause::foreign_origin},
    {"a listed one in capitals", {{"Origin", "https://APP.example.com"}}, cause::foreign_origin},
    {"a listed one that another site's page embeds",
     {{"Origin", "https://app.example.com"}, {"Sec-Fetch-Site", "cross-site"}}},

    {"no origin, and the browser says that it is ours", {{"Sec-Fetch-Site", "same-origin"}}},
    {"no origin, and the same site", {{"Sec-Fetch-Site", "same-site"}}, cause::foreign_fetch_site},
    {"no origin, and another site", {{"Sec-Fetch-Site", "cross-site"}}, cause::foreign_fetch_site},
    {"no origin, and no page at all", {{"Sec-Fetch-Site", "none"}}, cause::foreign_fetch_site},
    {"two values",
     {{"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "same-origin"}},
     cause::foreign_fetch_site},
    {"a list", {{"Sec-Fetch-Site", "same-origin, same-origin"}}, cause::foreign_fetch_site},
    {"a name in another letter case", {{"sec-fetch-site", "same-origin"}}},
    {"a value in another letter case", {{"Sec-Fetch-Site", "Same-Origin"}}, cause::foreign_fetch_site},
    {"a name with _ is another field, which says nothing", {{"Sec_Fetch_Site", "cross-site"}}},
    {"nor does it help",
     {{"Origin", "https://evil.test"}, {"Sec_Fetch_Site", "same-origin"}},
     cause::foreign_origin},
    {"a proxy in front has changed the Host",
     {{"Origin", "https://www.example.com"}, {"Sec-Fetch-Site", "same-origin"}}},

    {"GET changes nothing", {{"Origin", "https://evil.test"}}, cause::none, get},
    {"neither does HEAD", {{"Origin", "https://evil.test"}}, cause::none, {"HEAD"}},
    {"neither does OPTIONS", {{"Origin", "null"}}, cause::none, {"OPTIONS"}},
    {"every other method may", {{"Origin", "https://evil.test"}}, cause::foreign_origin, {"PROPFIND"}},
    {"methods are compared exactly", {{"Origin", "https://evil.test"}}, cause::foreign_origin, {"get"}},
    {"a WebSocket from another host", {{"Origin", "https://evil.test"}}, cause::foreign_origin, handshake},
    {"a WebSocket of a sandboxed page", {{"Origin", "null"}}, cause::null_origin, handshake},
    {"a WebSocket of our own page", {{"Origin", "https://calendar.example.com"}}, cause::none, handshake},
    {"a WebSocket that no browser opens", {}, cause::none, handshake},

    {"a plain connection, behind which TLS may have ended",
     {{"Origin", "https://calendar.example.com"}},
     cause::none,
     plain},
    {"a plain page of a plain server", {{"Origin", "http://calendar.example.com"}}, cause::none, plain},
    {"its browser knows that the schemes differ",
     {{"Origin", "http://calendar.example.com"}, {"Sec-Fetch-Site", "cross-site"}},
     cause::foreign_origin,
     plain},
    {"a plain connection, and another host", {{"Origin", "https://evil.test"}}, cause::foreign_origin, plain},

    {"a trusted proxy names host and scheme",
     {{"Origin", "https://www.example.com"},
      {"X-Forwarded-Host", "www.example.com"},
      {"X-Forwarded-Proto", "https"}},
     cause::none,
     forwarded},
    {"the scheme that a trusted proxy names counts",
     {{"Origin", "http://www.example.com"},
      {"X-Forwarded-Host", "www.example.com"},
      {"X-Forwarded-Proto", "https"}},
     cause::foreign_origin,
     forwarded},
    {"a trusted proxy that contradicts itself names no host",
     {{"Origin", "https://www.example.com"},
      {"X-Forwarded-Host", "www.example.com"},
      {"X-Forwarded-Host", "evil.test"},
      {"X-Forwarded-Proto", "https"}},
     cause::foreign_origin,
     forwarded},
    {"behind a trusted proxy the Host is not what clients see",
     {{"Origin", "http://10.0.0.7:8080"},
      {"X-Forwarded-Host", "www.example.com"},
      {"X-Forwarded-Proto", "http"}},
     cause::foreign_origin,
     forwarded},
    {"nobody else's statement counts",
     {{"Origin", "https://evil.test"}, {"X-Forwarded-Host", "evil.test"}, {"X-Forwarded-Proto", "https"}},
     cause::foreign_origin,
     plain},
    {"an address and a port", {{"Origin", "http://[::1]:8080"}}, cause::none, {"POST", "[::1]:8080", false}},
    {"another port of an address",
     {{"Origin", "http://[::1]:8081"}},
     cause::foreign_origin,
     {"POST", "[::1]:8080", false}},
    {"a request that names no host",
     {{"Origin", "http://calendar.example.com"}},
     cause::foreign_origin,
     {"POST", "", false}},
};

class cross_origin : public testing::Test {
protected:
    cross_origin()
    {
        p.cors.origins = {"https://app.example.com", "https://*.apps.example.org"};
        p.server.trusted_proxies.resize(1);
        p.server.trusted_proxies[0].address[15] = 1;
        made_.scopes({"write:a"});
        made_.route("/appointments", {{"GET", "write:a"}, {"POST", "write:a"}});
        made_.route("/open", {{"POST", "public"}});
        p.tokens.header = false;
        p.tokens.cookies = {"session"};
    }

    [[nodiscard]] question question_of(const http::field_list& fields, const asked& is)
    {
        peer_.is_ip = true;
        peer_.address = {};
        peer_.address[15] = is.trusted_peer ? 1 : 2;
        question q{is.method, "/appointments", is.host, &fields, is.websocket};
        q.client.peer = &peer_;
        q.client.tls = is.tls;
        return q;
    }

    [[nodiscard]] cause judged(const field_texts& texts, const asked& is = {})
    {
        const auto fields = fields_of(texts);
        const auto fits = check_origin(p, question_of(fields, is));
        if (fits)
            return cause::none;
        EXPECT_EQ(fits.error().why, reason::cross_origin);
        return fits.error().detail;
    }

    // Asks for a POST with this token, and reports the decision.
    [[nodiscard]] test::evaluated decide(const field_texts& texts, const char* scopes = "write:a",
                                         std::string_view target = "/appointments")
    {
        const auto fields = fields_of(texts);
        auto q = question_of(fields, {});
        q.target = target;
        token_authority authority;
        authority.given =
            tokens::interpret_claims(p, 0, policy::test::claims({{"scope", policy::test::text(scopes)}}));
        trace.clear();
        return test::evaluate(p, q, authority, noon, scratch_, &trace);
    }

    policy::test::builder made_;
    policy::policy& p = made_.get();
    policy::steps trace;

private:
    access_scratch scratch_;
    net::peer peer_;
};

TEST_F(cross_origin, is_judged_by_origin_and_sec_fetch_site)
{
    for (const auto& r : rows)
        EXPECT_EQ(name(judged(r.fields, r.is)), name(r.why)) << r.sentence;
}

TEST_F(cross_origin, lists_nobody_with_a_star)
{
    p.cors.origins = {"*"};
    EXPECT_EQ(judged({{"Origin", "https://app.example.com"}}), cause::foreign_origin);
    EXPECT_EQ(judged({{"Origin", "null"}}), cause::null_origin);
}

TEST_F(cross_origin, knows_the_external_url)
{
    p.server.external_url = policy::external_url{true, "www.example.com", "/calendar"};
    const asked inside{"POST", "10.0.0.7:8080", false};
    EXPECT_EQ(judged({{"Origin", "https://www.example.com"}}, inside), cause::none);
    EXPECT_EQ(judged({{"Origin", "http://www.example.com"}}, inside), cause::foreign_origin);
    EXPECT_EQ(judged({{"Origin", "http://10.0.0.7:8080"}}, inside), cause::none) << "past the proxy in front";
    const asked outside{"POST", "www.example.com", false};
    EXPECT_EQ(judged({{"Origin", "https://www.example.com"}}, outside), cause::none);
    EXPECT_EQ(judged({{"Origin", "http://www.example.com"}}, outside), cause::foreign_origin)
        << "external_url tells the scheme";
}

TEST_F(cross_origin, concerns_tokens_in_cookies_only)
{
    const field_texts foreign{{"Origin", "https://evil.test"}, {"Cookie", "session=abc"}};
    EXPECT_EQ(decide(foreign).why(), reason::cross_origin);
    EXPECT_EQ(decide({{"Origin", "https://evil.test"}}).why(), reason::cross_origin)
        << "a given token counts as sent in the one place that there is";
    EXPECT_EQ(decide({{"Origin", "https://app.example.com"}, {"Cookie", "session=abc"}}).why(),
              reason::allowed);
    EXPECT_EQ(decide(foreign, "write:a", "/open").why(), reason::allowed)
        << "no token is read on a public route";
    p.tokens.header = true;
    EXPECT_EQ(decide(foreign).why(), reason::cross_origin);
    EXPECT_EQ(decide({{"Origin", "https://evil.test"}, {"Authorization", "Bearer abc"}}).why(),
              reason::allowed);
    EXPECT_EQ(decide({{"Origin", "https://evil.test"}}).why(), reason::allowed);
}

TEST_F(cross_origin, comes_before_the_requirement_and_is_explained)
{
    const auto v = decide({{"Origin", "https://evil.test"}}, "other");
    EXPECT_EQ(v.why(), reason::cross_origin);
    EXPECT_EQ(v.denial().why.detail, cause::foreign_origin);
    EXPECT_THAT(trace, Contains(testing::Field(&policy::step::holds, false)));
    EXPECT_THAT(trace.back().what, testing::HasSubstr("(foreign-origin)"));
    EXPECT_EQ(decide({}, "other").why(), reason::insufficient_scope);
}

// Otherwise the upstream would see other requests than without the check.
TEST_F(cross_origin, keeps_the_token_in_observe_mode)
{
    p.observe = true;
    const auto v = decide({{"Origin", "https://evil.test"}});
    const auto* permit = std::get_if<policy::permit>(&v.result);
    ASSERT_NE(permit, nullptr);
    EXPECT_TRUE(permit->observed());
    ASSERT_TRUE(v.found.observed);
    EXPECT_EQ(v.found.observed->why, reason::cross_origin);
    EXPECT_TRUE(v.found.token);
}

} // namespace
} // namespace scopegate::access
