// POST /limit over a socket: the page that an authorization server asks for scope caps.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;

response ask(const calendar& c, std::string_view method, std::string_view path, const std::string& body)
{
    std::string text = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n";
    text += "Content-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
    return raw_client(c.gate.admin()).exchange(text);
}

TEST(scope_cap_page, responds_to_an_authorization_server)
{
    const calendar c({.more = "limit: {permissions: permissions}\n"});
    const auto answer = ask(c, "POST", "/limit",
                            R"({"scopes":["openid","read:appointments","write:appointments"],)"
                            R"("claims":{"permissions":["read:appointments"]}})");
    EXPECT_EQ(answer.status, 200U) << answer;
    EXPECT_EQ(answer.value("Content-Type"), "application/json");
    EXPECT_EQ(answer.value("Cache-Control"), "no-store");
    EXPECT_EQ(answer.body,
              "{\"scopes\":[\"openid\",\"read:appointments\"],\"removed\":[\"write:appointments\"]}\n");
}

TEST(scope_cap_page, refuses_any_other_request)
{
    const calendar c;
    const auto bad = ask(c, "POST", "/limit", "{");
    EXPECT_EQ(bad.status, 400U) << bad;
    EXPECT_EQ(bad.value("Content-Type"), "application/problem+json");
    EXPECT_THAT(bad.body, HasSubstr("one JSON object"));

    const auto large = ask(c, "POST", "/limit", std::string(70'000, ' '));
    EXPECT_EQ(large.status, 413U) << large;

    const auto method = c.ask_admin("/limit");
    EXPECT_EQ(method.status, 405U) << method;
    EXPECT_EQ(method.value("Allow"), "POST");

    const auto posted = ask(c, "POST", "/readyz", "");
    EXPECT_EQ(posted.status, 405U) << posted;
    EXPECT_EQ(posted.value("Allow"), "GET, HEAD");
    EXPECT_EQ(c.ask_admin("/nothing").status, 404U);
}

// server.health is for kubelet and Prometheus, and often listens on every interface.
TEST(scope_cap_page, is_not_on_the_health_listener)
{
    const calendar c({.server = "health: \"127.0.0.1:0\""});
    const auto line =
        c.gate.wait_for_event("listening", [](const log_line& l) { return l["listener"] == "health"; });
    raw_client client(line["address"]);
    const auto answer = client.exchange(
        "POST /limit HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
    EXPECT_EQ(answer.status, 404U) << answer;
}

} // namespace
} // namespace scopegate::test
