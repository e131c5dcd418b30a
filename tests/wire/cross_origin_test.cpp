// Tokens in cookies and pages of other origins, over a socket. tests/unit/access/cross_origin_test.cpp has
// the table of rules.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

constexpr std::string_view own = "Origin: https://calendar.example.com\r\n";
constexpr std::string_view app = "Origin: https://app.example.com\r\n";
constexpr std::string_view stranger = "Origin: https://evil.example.org\r\n";

gate_settings with_cookies(std::string more = {})
{
    return {.more = "tokens: {from: [header, \"cookie:session\"]}\n"
                    "cors: {origins: [\"https://app.example.com\"], credentials: true}\n" +
                    std::move(more)};
}

std::string cookie()
{
    return "Cookie: session=" + calendar_token("read:appointments write:appointments") + "\r\n";
}

std::string change(std::string_view fields)
{
    return request_text("POST", "/appointments", {},
                        cookie() + std::string(fields) + "Content-Length: 0\r\n");
}

std::string handshake(std::string_view fields)
{
    return get("/any", {},
               cookie() + std::string(fields) +
                   "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}

TEST(cross_origin, is_refused_before_the_api_sees_it)
{
    calendar c(with_cookies());
    c.api.on("/any", [](upstream_exchange& x) {
        x.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
        x.close();
    });
    const std::string site = "Sec-Fetch-Site: cross-site\r\n", null = "Origin: null\r\n";
    for (const auto& fields : {std::string(stranger), null, site, std::string(own) + std::string(own),
                               std::string(app) + std::string(stranger)})
        for (const auto& request : {change(fields), handshake(fields)}) {
            const auto answer = c.exchange(request);
            EXPECT_EQ(answer.status, 403U) << request << answer;
            EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:cross-origin");
            EXPECT_FALSE(answer.has("WWW-Authenticate")) << "no other token would help";
        }
    EXPECT_TRUE(c.api.requests().empty());
    EXPECT_EQ(c.gate.wait_for_event("request")["cause"], "foreign-origin");

    for (const auto fields :
         {own, app, std::string_view(), std::string_view("Sec-Fetch-Site: same-origin\r\n")}) {
        EXPECT_EQ(c.exchange(change(fields)).status, 200U) << fields;
        EXPECT_EQ(c.exchange(handshake(fields)).status, 101U) << fields;
    }
    EXPECT_EQ(c.exchange(get("/appointments", {}, cookie() + std::string(stranger))).status, 200U)
        << "reading changes nothing, and the page can't read the response";
}

TEST(cross_origin, concerns_tokens_in_cookies_only)
{
    calendar c(with_cookies());
    const auto token = calendar_token("write:appointments");
    EXPECT_EQ(c.exchange(request_text("POST", "/appointments", token,
                                      std::string(stranger) + "Content-Length: 0\r\n"))
                  .status,
              200U);
    EXPECT_EQ(c.exchange(request_text("POST", "/public", {},
                                      cookie() + std::string(stranger) + "Content-Length: 0\r\n"))
                  .status,
              200U)
        << "no token is read there";
    EXPECT_EQ(
        c.exchange(request_text("POST", "/appointments", {}, std::string(stranger) + "Content-Length: 0\r\n"))
            .status,
        401U);
}

TEST(cross_origin, goes_on_with_its_user_in_observe_mode)
{
    calendar c(with_cookies("mode: observe"));
    const auto seen = c.forwarded(change(stranger));
    EXPECT_EQ(seen.value("X-Auth-Subject"), "ada");
    EXPECT_THAT(seen.value("Authorization"), HasSubstr("Bearer "));
    const auto line = c.gate.wait_for_event("request");
    EXPECT_EQ(line["reason"], "cross-origin");
    EXPECT_EQ(line["observe"], "true");
}

TEST(cross_origin, knows_the_scheme_from_the_proxy_in_front)
{
    calendar c({.server = "trusted_proxies: [127.0.0.1]", .more = "tokens: {from: [\"cookie:session\"]}"});
    const std::string plain = "Origin: http://calendar.example.com\r\n",
                      https = "X-Forwarded-Proto: https\r\n";
    EXPECT_EQ(c.exchange(change(std::string(own) + https)).status, 200U);
    EXPECT_EQ(c.exchange(change(plain + https)).status, 403U);
    EXPECT_EQ(c.exchange(change(plain)).status, 200U) << "nobody says that the page's scheme is another one";
}

} // namespace
} // namespace scopegate::test
