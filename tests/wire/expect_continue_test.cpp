// Expect: 100-continue: a client whose request is denied never sends its body. Others send it when the API
// asks for it.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::IsEmpty;

constexpr std::string_view ten_later = "Content-Length: 10\r\nExpect: 100-continue\r\n";

TEST(expect_continue, never_asks_for_the_body_of_a_denied_request)
{
    calendar c;
    for (const auto& [token, status] :
         {std::pair{std::string(), 401U}, std::pair{calendar_token("read:appointments"), 403U}}) {
        auto client = c.connect();
        client.send(request_text("POST", "/appointments", token, ten_later));
        const auto answer = client.read("POST"); // no 100 comes before it
        EXPECT_EQ(answer.status, status) << answer;
    }
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(expect_continue, never_asks_for_the_chunked_body_of_a_denied_request)
{
    calendar c;
    auto client = c.connect();
    client.send(
        request_text("POST", "/appointments", {}, "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(client.read("POST").status, 401U);
    EXPECT_TRUE(client.is_closed_clean()) << "the next bytes could be the body or another request";
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

TEST(expect_continue, asks_for_a_chunked_body)
{
    calendar c;
    auto client = c.connect();
    client.send(
        request_text("POST", "/public", {}, "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"));
    EXPECT_EQ(client.read("POST").status, 100U);
    client.send(chunks("ten bytes.", 4));
    EXPECT_EQ(client.read("POST").status, 200U);
    EXPECT_EQ(c.api.wait_for_requests(1).front().body, "ten bytes.");
}

TEST(expect_continue, is_ignored_in_http_1_0)
{
    calendar c;
    auto client = c.connect();
    client.send("POST /public HTTP/1.0\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"
                "ten bytes.");
    EXPECT_EQ(client.read("POST").status, 200U) << "an HTTP/1.0 client got a 100";
    const auto seen = c.api.wait_for_requests(1).front();
    EXPECT_FALSE(seen.has("Expect")) << seen;
    EXPECT_EQ(seen.body, "ten bytes.");
}

TEST(expect_continue, lets_the_api_ask_for_the_body)
{
    calendar c;
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, ten_later));
    const auto asked = client.read("POST");
    EXPECT_EQ(asked.status, 100U) << asked;
    client.send("ten bytes.");
    EXPECT_EQ(client.read("POST").status, 200U);
    EXPECT_EQ(c.api.wait_for_requests(1).front().body, "ten bytes.");
    EXPECT_EQ(client.exchange(get("/public")).status, 200U) << "the connection is out of sync";
}

TEST(expect_continue, lets_the_api_decline_the_body)
{
    calendar c;
    c.api.on("/public/full",
             [](upstream_exchange& x) { x.send("HTTP/1.1 413 Too Much\r\nContent-Length: 4\r\n\r\nfull"); });
    auto client = c.connect();
    client.send(request_text("POST", "/public/full", {}, ten_later));
    const auto answer = client.read("POST");
    EXPECT_EQ(answer.status, 413U) << answer;
    EXPECT_EQ(answer.body, "full");
}

TEST(expect_continue, allows_a_client_to_send_without_waiting)
{
    calendar c;
    auto client = c.connect();
    client.send(request_text("POST", "/public", {}, ten_later) + "ten bytes.");
    EXPECT_EQ(client.read_final("POST").status, 200U);
    EXPECT_EQ(c.api.wait_for_requests(1).front().body, "ten bytes.");
}

TEST(expect_continue, fails_with_another_expectation)
{
    calendar c;
    const auto answer = c.exchange(request_text("POST", "/public", {}, "Expect: 200-ok\r\n", "x"));
    EXPECT_EQ(answer.status, 417U) << answer;
    EXPECT_THAT(c.api.requests(), IsEmpty());
}

} // namespace
} // namespace scopegate::test
