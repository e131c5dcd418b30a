// CORS responses to browser applications of other origins, as pure values.
#include "responses/cors.hpp"

#include "support/fields.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::responses {
namespace {

using testing::HasSubstr;

class cors : public testing::Test {
protected:
    cors()
    {
        p.cors.origins = {"https://app.example.com", "capacitor://localhost"};
        made_.route("/appointments", {{"GET", "authenticated"}, {"POST", "authenticated"}});
        p.routes.back().allow = "GET, HEAD, POST";
        made_.route("/any", {{"ANY", "authenticated"}});
        made_.route("/rooms/{from}-{to}", {{"GET", "authenticated"}});
    }

    void set_fields(const test::field_texts& texts) { head.fields = test::fields_of(texts); }

    void ask(const char* origin, const char* method, const char* target = "/appointments",
             const char* headers = "content-type")
    {
        head.method = "OPTIONS";
        head.target = target;
        set_fields({{"Origin", origin},
                    {"Access-Control-Request-Method", method},
                    {"Access-Control-Request-Headers", headers}});
    }

    // Returns the response as `Name: value` lines, or the reason of a denial.
    [[nodiscard]] std::string answered() const
    {
        std::string scratch;
        const auto got = respond_to_preflight(
            p, head.fields, http::normalize_target(head.target, head.method, p.paths, scratch));
        if (const auto* refused = std::get_if<policy::denial>(&got))
            return std::string(name(refused->why));
        std::string out = std::to_string(std::get<response>(got).status) + "\n";
        for (const auto& [field, value] : fields_of(std::get<response>(got)))
            out.append(field).append(": ").append(value).append("\n");
        return out;
    }

    policy::test::builder made_;
    policy::policy& p = made_.get();
    http::request_head head;
};

TEST_F(cors, takes_options_with_both_fields_for_a_preflight)
{
    ask("https://app.example.com", "GET");
    EXPECT_TRUE(is_preflight(p, head.method, head.fields));
    head.method = "GET";
    EXPECT_FALSE(is_preflight(p, head.method, head.fields));
    head.method = "OPTIONS";
    set_fields({{"Origin", "https://app.example.com"}});
    EXPECT_FALSE(is_preflight(p, head.method, head.fields));
    set_fields({{"Access-Control-Request-Method", "GET"}});
    EXPECT_FALSE(is_preflight(p, head.method, head.fields));
    ask("https://app.example.com", "");
    EXPECT_FALSE(is_preflight(p, head.method, head.fields)) << "it asks for no method";
    set_fields({{"Origin", "https://app.example.com"}, {"Access_Control_Request_Method", "GET"}});
    EXPECT_FALSE(is_preflight(p, head.method, head.fields)) << "another field";
    ask("https://app.example.com", "GET");
    p.cors.origins.clear();
    EXPECT_FALSE(is_preflight(p, head.method, head.fields))
        << "without cors: a preflight is a request like any";
}

TEST_F(cors, tells_an_allowed_origin_what_it_may_send)
{
    ask("https://app.example.com", "POST", "/appointments?x=1", "content-type,X-Thing, bad name,(x)");
    EXPECT_EQ(answered(), "204\n"
                          "Access-Control-Allow-Origin: https://app.example.com\n"
                          "Vary: Origin\n"
                          "Access-Control-Allow-Methods: GET, HEAD, POST\n"
                          "Access-Control-Allow-Headers: content-type, X-Thing, authorization\n"
                          "Access-Control-Max-Age: 600\n");
    ask("capacitor://localhost", "PATCH", "/any", "Authorization");
    EXPECT_THAT(answered(), HasSubstr("Allow-Methods: PATCH\nAccess-Control-Allow-Headers: Authorization\n"));
}

TEST_F(cors, lets_an_application_send_a_proof)
{
    ask("https://app.example.com", "POST", "/appointments", "authorization,dpop");
    EXPECT_THAT(answered(), HasSubstr("Access-Control-Allow-Headers: authorization, dpop\n"));
}

TEST_F(cors, denies_a_preflight_without_a_route_like_the_request_itself)
{
    ask("https://app.example.com", "DELETE");
    EXPECT_EQ(answered(), "wrong-method");
    ask("https://app.example.com", "GET", "/nowhere");
    EXPECT_EQ(answered(), "no-route");
    ask("https://app.example.com", "GET", "/a/../appointments");
    EXPECT_EQ(answered(), "ambiguous-path");
    ask("https://app.example.com", "GET", "/rooms/1-2-3");
    EXPECT_EQ(answered(), "ambiguous-path") << "the parameters can be read in two ways";
    ask("https://app.example.com", "GET, POST");
    EXPECT_EQ(answered(), "malformed-request");
    ask("https://app.example.com", "TRACE", "/any");
    EXPECT_EQ(answered(), "wrong-method");
    p.observe = true;
    ask("https://app.example.com", "GET", "/nowhere");
    EXPECT_THAT(answered(), HasSubstr("Allow-Methods: GET\n")) << "observe mode forwards the request";
    ask("https://app.example.com", "TRACE", "/any");
    EXPECT_EQ(answered(), "wrong-method");
}

TEST_F(cors, tells_other_origins_nothing)
{
    for (const auto* origin :
         {"https://evil.example.org", "https://APP.example.com", "https://app.example.com/",
          "http://app.example.com", "https://app.example.com:443", "null", "*", "",
          "https://app.example.com.evil.example.org"})
        for (const auto* target : {"/appointments", "/nowhere"}) {
            ask(origin, "GET", target);
            EXPECT_EQ(answered(), "204\nVary: Origin\n") << origin;
        }
    set_fields({{"Origin", "https://app.example.com"},
                {"Origin", "https://app.example.com"},
                {"Access-Control-Request-Method", "GET"}});
    EXPECT_EQ(answered(), "204\nVary: Origin\n") << "two origins count as none";
}

TEST_F(cors, accepts_any_origin_for_a_star)
{
    p.cors.origins = {"*"};
    ask("https://anyone.example.org", "GET");
    EXPECT_THAT(answered(), HasSubstr("204\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Methods"));
}

TEST_F(cors, allows_credentials_when_configured)
{
    p.cors.credentials = true;
    ask("https://app.example.com", "GET");
    EXPECT_THAT(answered(), HasSubstr("Access-Control-Allow-Credentials: true\n"));
    ask("https://evil.example.org", "GET");
    EXPECT_EQ(answered(), "204\nVary: Origin\n");
}

TEST_F(cors, responds_with_the_origin_that_a_pattern_covers)
{
    p.cors.origins = {"https://*.example.com", "http://localhost:*"};
    p.cors.credentials = true;
    for (const auto* origin : {"https://a.b.example.com", "http://localhost:5173"}) {
        ask(origin, "GET");
        EXPECT_THAT(answered(), HasSubstr("204\nAccess-Control-Allow-Origin: " + std::string(origin) +
                                          "\nVary: Origin\nAccess-Control-Allow-Credentials: true\n"));
    }
    for (const auto* origin : {"https://example.com", "https://evil-example.com", "https://*.example.com",
                               "http://localhost:*", "null"}) {
        ask(origin, "GET");
        EXPECT_EQ(answered(), "204\nVary: Origin\n") << origin;
    }
}

TEST_F(cors, lets_a_browser_cache_preflights_as_long_as_configured)
{
    p.cors.max_age = std::chrono::hours(2);
    ask("https://app.example.com", "GET");
    EXPECT_THAT(answered(), HasSubstr("Access-Control-Max-Age: 7200\n"));
    p.cors.max_age = {};
    EXPECT_THAT(answered(), HasSubstr("Access-Control-Max-Age: 0\n"));
}

TEST_F(cors, exposes_configured_headers_besides_its_own)
{
    p.cors.expose_headers = "X-Total-Count, Link";
    set_fields({{"Origin", "https://app.example.com"}});
    response a;
    add_cors_fields(p.cors, head.fields, a);
    EXPECT_THAT(a.fields,
                HasSubstr("Access-Control-Expose-Headers: WWW-Authenticate, Retry-After, DPoP-Nonce, "
                          "X-Total-Count, Link\r\n"));
    std::string lines;
    append_cors_fields(p.cors, head.fields, {}, lines);
    EXPECT_EQ(lines, "Access-Control-Allow-Origin: https://app.example.com\r\n"
                     "Access-Control-Expose-Headers: X-Total-Count, Link\r\nVary: Origin\r\n");
    lines.clear();
    set_fields({{"Origin", "https://evil.example.org"}});
    append_cors_fields(p.cors, head.fields, {}, lines);
    EXPECT_EQ(lines, "Vary: Origin\r\n");
}

TEST_F(cors, shares_a_denial_with_an_allowed_origin_only)
{
    response a;
    set_fields({{"Origin", "https://evil.example.org"}});
    add_cors_fields(p.cors, head.fields, a);
    set_fields({});
    add_cors_fields(p.cors, head.fields, a);
    EXPECT_EQ(a.fields, "Vary: Origin\r\nVary: Origin\r\n")
        << "caches must know that the response depends on the origin";

    a.fields.clear();
    set_fields({{"Origin", "https://app.example.com"}});
    add_cors_fields(p.cors, head.fields, a);
    const auto shared = fields_of(a);
    ASSERT_EQ(shared.size(), 3U);
    EXPECT_EQ(shared[0].second, "https://app.example.com");
    EXPECT_EQ(shared[1].second, "Origin");
    EXPECT_THAT(std::string(shared[2].second), HasSubstr("WWW-Authenticate"));
}

TEST_F(cors, shares_an_api_response_unless_it_has_its_own_fields)
{
    const auto added = [&](test::field_texts asked, test::field_texts answered_with) {
        set_fields(answered_with);
        const auto answered_fields = head.fields;
        set_fields(asked);
        std::string lines;
        append_cors_fields(p.cors, head.fields, answered_fields, lines);
        return lines;
    };
    const std::string allowed = "Access-Control-Allow-Origin: https://app.example.com\r\n",
                      vary = "Vary: Origin\r\n";
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {}), allowed + vary);
    EXPECT_EQ(added({{"Origin", "https://evil.example.org"}}, {}), vary);
    EXPECT_EQ(added({}, {}), vary);
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {{"Vary", "Accept, origin"}}), allowed);
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {{"Vary", "Accept"}, {"Vary", "Origin"}}),
              allowed);
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {{"Access-Control-Allow-Origin", "null"}}), "");
    const test::field_texts own_credentials{{"access-control-allow-credentials", "true"}};
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, own_credentials), vary)
        << "the file allows no credentials, so the page must not read what a cookie got";
    p.cors.credentials = true;
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {}),
              allowed + "Access-Control-Allow-Credentials: true\r\n" + vary);
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, own_credentials), allowed + vary)
        << "browsers reject the field twice";
    EXPECT_EQ(added({{"Origin", "https://evil.example.org"}}, own_credentials), vary);
    p.cors = {};
    p.cors.origins = {"*"};
    EXPECT_EQ(added({{"Origin", "https://anyone.example.org"}}, own_credentials),
              "Access-Control-Allow-Origin: *\r\n")
        << "browsers share nothing with a star if there was a cookie";
    EXPECT_EQ(added({{"Origin", "https://anyone.example.org"}}, {}), "Access-Control-Allow-Origin: *\r\n");
    p.cors.origins.clear();
    EXPECT_EQ(added({{"Origin", "https://app.example.com"}}, {}), "");
}

} // namespace
} // namespace scopegate::responses
