// Several resources behind one server: a token for one must not work at another.
#include "support/calendar.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

using testing::HasSubstr;
using testing::Not;

gate_settings two_servers()
{
    gate_settings s;
    s.issuer = R"(clock_skew: 30s
  - issuer: https://mcp-issuer.example.com
    keys: file:keys.json
    audience: [https://calendar.example.com, https://calendar.example.com/mcp-a, b, https://b.example.com])";
    s.routes = R"(
scopes: {read:a: Read A, read:b: Read B, read: Read}
routes:
  /own: {GET: read}
  /mcp-a: {GET: read:a, POST: authenticated}
  /mcp-a/{rest...}: {GET: read:a}
  /mcp-b: {GET: read:b}
)";
    s.more = R"(
metadata:
  resources:
    /mcp-a: {resource: https://calendar.example.com/mcp-a, name: Files}
    /mcp-b: {resource: https://calendar.example.com/mcp-b, audience: [b, https://b.example.com]}
)";
    return s;
}

std::string token_for(const std::string& audience,
                      const std::string& issuer = "https://mcp-issuer.example.com")
{
    return make_token(R"({"iss":")" + issuer + R"(","aud":)" + audience +
                          R"(,"exp":4102444800,"sub":"ada","scope":"read read:a read:b"})",
                      jose::algorithm::es256);
}

TEST(resources, accept_only_tokens_for_their_audience)
{
    const calendar c(two_servers());
    const std::string a = R"("https://calendar.example.com/mcp-a")", b = R"("b")",
                      own = R"("https://calendar.example.com")";
    const struct {
        const char* shows;
        std::string audience, path;
        unsigned status;
    } rows[] = {
        {"its own", a, "/mcp-a", 200},
        {"below it", a, "/mcp-a/x/y", 200},
        {"the other", a, "/mcp-b", 401},
        {"the server's own routes", a, "/own", 401},
        {"the other's own", b, "/mcp-b", 200},
        {"the other's second name", R"(["https://b.example.com"])", "/mcp-b", 200},
        {"the other way round", b, "/mcp-a", 401},
        {"a token for the server at a resource", own, "/mcp-a", 401},
        {"a token for the server at its own routes", own, "/own", 200},
        {"a token for both", "[" + a + "," + b + "]", "/mcp-b", 200},
        {"a token for both is none for the server", "[" + a + "," + b + "]", "/own", 401},
        {"a token for nobody here", R"("c")", "/mcp-a", 401},
    };
    for (const auto& r : rows)
        for (int turn = 0; turn < 2; ++turn) { // the second time, the token is cached
            const auto answer = c.exchange(get(r.path, token_for(r.audience)));
            EXPECT_EQ(answer.status, r.status) << r.shows << '\n' << answer;
            if (r.status == 401) {
                EXPECT_THAT(answer.body, HasSubstr("wrong-audience")) << r.shows;
            }
        }
}

TEST(resources, refuse_a_cached_token_of_another_on_the_same_connection)
{
    const calendar c(two_servers());
    auto client = c.connect();
    const auto token = token_for(R"("https://calendar.example.com/mcp-a")");
    for (int turn = 0; turn < 3; ++turn) {
        EXPECT_EQ(client.exchange(get("/mcp-a", token)).status, 200U);
        EXPECT_EQ(client.exchange(get("/mcp-b", token)).status, 401U);
    }
}

TEST(resources, do_not_trust_an_issuer_for_an_audience_that_the_file_does_not_list_for_it)
{
    const calendar c(two_servers());
    const std::string other = "https://issuer.example.com/";
    EXPECT_EQ(c.exchange(get("/own", token_for(R"("https://calendar.example.com")", other))).status, 200U);
    for (const auto* audience : {R"("b")", R"(["b","https://calendar.example.com"])"})
        EXPECT_EQ(c.exchange(get("/mcp-b", token_for(audience, other))).status, 401U) << audience;
}

TEST(resources, have_a_document_each_which_their_challenges_name)
{
    const calendar c(two_servers());
    const std::string well_known = "/.well-known/oauth-protected-resource";
    const auto challenge = [&](const std::string& path, const std::string& token) {
        return c.exchange(get(path, token)).value("WWW-Authenticate");
    };
    const std::string url = "resource_metadata=\"https://calendar.example.com" + well_known;
    EXPECT_THAT(challenge("/mcp-a/x", ""), HasSubstr(url + "/mcp-a\""));
    EXPECT_THAT(challenge("/mcp-b", ""), HasSubstr(url + "/mcp-b\""));
    EXPECT_THAT(challenge("/own", ""), HasSubstr(url + "\""));
    EXPECT_THAT(challenge("/mcp-b", token_for(R"("https://calendar.example.com/mcp-a")")),
                HasSubstr(url + "/mcp-b\""))
        << "a token for another resource leads to this one's document";

    const auto files = c.exchange(get(well_known + "/mcp-a"));
    EXPECT_EQ(files.status, 200U) << files;
    EXPECT_THAT(files.body, HasSubstr(R"({"resource":"https://calendar.example.com/mcp-a",)"));
    EXPECT_THAT(files.body, HasSubstr(R"("scopes_supported":["read:a"])"));
    EXPECT_THAT(files.body, HasSubstr(R"("resource_name":"Files")"));
    EXPECT_THAT(files.body, Not(HasSubstr("Read B")));
    const auto own = c.exchange(get(well_known));
    EXPECT_THAT(own.body, HasSubstr(R"({"resource":"https://calendar.example.com",)"));
    EXPECT_THAT(own.body, HasSubstr(R"("scopes_supported":["read"])"));
    EXPECT_EQ(c.exchange(get(well_known + "/mcp-c")).status, 404U);
}

TEST(resources, log_the_cause_of_a_token_for_another)
{
    calendar c(two_servers());
    static_cast<void>(c.exchange(get("/mcp-b", token_for(R"("https://calendar.example.com/mcp-a")"))));
    const auto line =
        c.gate.wait_for_event("request", [](const log_line& l) { return l["route"] == "/mcp-b"; });
    EXPECT_EQ(line["reason"], "wrong-audience") << line.text;
    EXPECT_EQ(line["cause"], "aud-of-another-resource") << line.text;
}

} // namespace
} // namespace scopegate::test
