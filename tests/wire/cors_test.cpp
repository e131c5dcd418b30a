// Browser applications of other origins, over a socket. tests/unit/responses/cors_test.cpp has the table of
// rules.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

constexpr std::string_view app = "Origin: https://app.example.com\r\n";
constexpr std::string_view stranger = "Origin: https://evil.example.org\r\n";

gate_settings with_cors()
{
    return {.more = "cors: {origins: [\"https://app.example.com\"]}"};
}

std::string preflight(std::string_view target, std::string_view method, std::string_view origin = app)
{
    return request_text("OPTIONS", target, {},
                        std::string(origin) + "Access-Control-Request-Method: " + std::string(method) +
                            "\r\nAccess-Control-Request-Headers: authorization,content-type\r\n");
}

TEST(cors, responds_to_a_preflight_itself)
{
    calendar c(with_cors());
    auto client = c.connect();
    const auto answer = client.exchange(preflight("/appointments", "POST"));
    EXPECT_EQ(answer.status, 204U) << answer;
    EXPECT_EQ(answer.value("Access-Control-Allow-Origin"), "https://app.example.com");
    EXPECT_EQ(answer.value("Vary"), "Origin");
    EXPECT_EQ(answer.value("Access-Control-Allow-Methods"), "GET, HEAD, POST");
    EXPECT_EQ(answer.value("Access-Control-Allow-Headers"), "authorization, content-type");
    EXPECT_EQ(answer.value("Access-Control-Max-Age"), "600");
    const auto token = calendar_token("read:appointments");
    EXPECT_EQ(client.exchange(get("/appointments", token, app)).status, 200U) << "on the same connection";

    const auto foreign = c.exchange(preflight("/appointments", "POST", stranger));
    EXPECT_EQ(foreign.status, 204U);
    EXPECT_THAT(foreign.head, testing::Not(HasSubstr("Access-Control")));
    const auto nowhere = c.exchange(preflight("/nowhere", "GET"));
    EXPECT_EQ(nowhere.status, 404U);
    EXPECT_EQ(nowhere.value("Access-Control-Allow-Origin"), "https://app.example.com");
    EXPECT_EQ(c.exchange(preflight("/appointments", "PATCH")).status, 405U);
    EXPECT_EQ(c.api.requests().size(), 1U) << "a preflight was forwarded";
}

TEST(cors, treats_any_other_options_as_an_ordinary_request)
{
    calendar c(with_cors());
    EXPECT_EQ(c.exchange(request_text("OPTIONS", "/appointments", {}, app)).status, 405U);
    EXPECT_EQ(c.forwarded(request_text("OPTIONS", "/public", {}, app)).method, "OPTIONS");
    EXPECT_EQ(
        c.forwarded(request_text("OPTIONS", "/public", {}, "Access-Control-Request-Method: GET\r\n")).method,
        "OPTIONS");
}

TEST(cors, treats_a_preflight_as_an_ordinary_request_without_the_setting)
{
    calendar c;
    EXPECT_EQ(c.forwarded(preflight("/public", "GET")).method, "OPTIONS");
    const auto refused = c.exchange(preflight("/appointments", "POST"));
    EXPECT_EQ(refused.status, 405U);
    EXPECT_FALSE(refused.has("Access-Control-Allow-Origin"));
}

TEST(cors, lets_an_allowed_origin_read_denials)
{
    calendar c(with_cors());
    const std::string requests[] = {
        get("/appointments", {}, app),                                         // 401
        get("/appointments", calendar_token("write:appointments"), app),       // 403
        get("/nowhere", {}, app),                                              // 404
        get("/a//b", {}, app),                                                 // 400, the target
        get("/appointments", {}, std::string(app) + "Content-Length: +1\r\n"), // 400, the framing
    };
    for (const auto& request : requests) {
        const auto answer = c.exchange(request);
        EXPECT_GE(answer.status, 400U);
        EXPECT_EQ(answer.value("Access-Control-Allow-Origin"), "https://app.example.com") << answer;
        EXPECT_EQ(answer.value("Vary"), "Origin");
        EXPECT_THAT(answer.value("Access-Control-Expose-Headers"), HasSubstr("WWW-Authenticate"));
    }
    c.api.on("/public", closes_before_answer());
    EXPECT_EQ(c.exchange(get("/public", {}, app)).value("Access-Control-Allow-Origin"),
              "https://app.example.com")
        << "the 502 is our own response too";
    for (const auto other : {stranger, std::string_view()})
        EXPECT_FALSE(c.exchange(get("/appointments", {}, other)).has("Access-Control-Allow-Origin")) << other;
}

TEST(cors, covers_origins_by_patterns_and_exposes_headers)
{
    calendar c({.more =
                    "cors: {origins: [\"https://*.example.com\", \"http://localhost:*\"], credentials: true, "
                    "expose_headers: [X-Total-Count], max_age: 1h}"});
    const auto local = "Origin: http://localhost:5173\r\n";
    const auto answer = c.exchange(preflight("/appointments", "POST", local));
    EXPECT_EQ(answer.value("Access-Control-Allow-Origin"), "http://localhost:5173");
    EXPECT_EQ(answer.value("Access-Control-Max-Age"), "3600");
    EXPECT_EQ(answer.value("Vary"), "Origin");
    const auto read = c.exchange(get("/public", {}, local));
    EXPECT_EQ(read.value("Access-Control-Allow-Origin"), "http://localhost:5173");
    EXPECT_EQ(read.value("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(read.value("Access-Control-Expose-Headers"), "X-Total-Count");
    EXPECT_EQ(c.exchange(get("/any", {}, app)).value("Access-Control-Expose-Headers"),
              "WWW-Authenticate, Retry-After, DPoP-Nonce, X-Total-Count");
    for (const char* origin :
         {"https://example.com", "https://evil-example.com", "https://a.example.com.evil.com",
          "https://app.example.com.", "https://APP.example.com", "https://app.example.com:443",
          "https://x@app.example.com", "https://*.example.com", "http://localhost:5173/", "null"}) {
        const auto refused = c.exchange(get("/public", {}, "Origin: " + std::string(origin) + "\r\n"));
        EXPECT_FALSE(refused.has("Access-Control-Allow-Origin")) << origin;
        EXPECT_EQ(refused.value("Vary"), "Origin") << origin;
    }
}

TEST(cors, adds_its_fields_to_the_apis_responses_once)
{
    calendar c(with_cors());
    c.api.answer("/public/own", ok("x", "Access-Control-Allow-Origin: https://other.example.com\r\n"));
    const auto own = c.exchange(get("/public/own", {}, app));
    EXPECT_EQ(own.value("Access-Control-Allow-Origin"), "https://other.example.com") << own;
    EXPECT_FALSE(own.has("Vary"));

    c.api.answer("/public/404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nVary: Accept\r\n\r\n");
    for (const auto* path : {"/public/x", "/public/404"}) {
        const auto added = c.exchange(get(path, {}, app));
        EXPECT_EQ(added.value("Access-Control-Allow-Origin"), "https://app.example.com") << added;
        EXPECT_THAT(added.all("Vary"), testing::Contains("Origin"));
    }
    for (const auto other : {stranger, std::string_view()}) {
        const auto answer = c.exchange(get("/public/x", {}, other));
        EXPECT_FALSE(answer.has("Access-Control-Allow-Origin")) << other;
        EXPECT_EQ(answer.value("Vary"), "Origin") << "a cache must not reuse it for the application";
    }
}

} // namespace
} // namespace scopegate::test
