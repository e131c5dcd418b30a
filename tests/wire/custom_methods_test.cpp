// Routes with text beside their parameters: what reaches the API, and what an API might take for another
// route.
#include "support/calendar.hpp"
#include "support/token_maker.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

constexpr std::string_view custom_methods = R"(
scopes:
  users: See and change users
  suspend: Suspend users
routes:
  /v1/users/{user}: {GET: users, POST: users}
  /v1/users/{user}:suspend: {POST: suspend}
  /v1/users/{user}:rename: {POST: {scopes: users, where: {user: sub}}}
  /v1/compare/{base}...{head}: {GET: users}
)";

std::string request(std::string_view method, std::string_view target, const std::string& token)
{
    return std::string(method) + " " + std::string(target) +
           " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + "\r\nContent-Length: 0\r\n\r\n";
}

TEST(custom_methods, have_their_own_requirements)
{
    calendar c({.routes = std::string(custom_methods)});
    const auto users = calendar_token("users"), suspend = calendar_token("suspend");
    struct row {
        const char* sentence;
        const char* method;
        const char* target;
        const std::string& token;
        unsigned status;
        const char* problem;
    };
    const row rows[] = {
        {"the resource", "POST", "/v1/users/7", users, 200, ""},
        {"its custom method", "POST", "/v1/users/7:suspend", suspend, 200, ""},
        {"with the resource's scope", "POST", "/v1/users/7:suspend", users, 403, "insufficient-scope"},
        {"with another method", "GET", "/v1/users/7:suspend", users, 405, "wrong-method"},
        {"the resource with the method's scope", "POST", "/v1/users/7", suspend, 403, "insufficient-scope"},
        {"an encoded colon", "POST", "/v1/users/7%3Asuspend", users, 400, "lookalike-path"},
        {"for either scope", "POST", "/v1/users/7%3Asuspend", suspend, 400, "lookalike-path"},
        {"capitals", "POST", "/v1/users/7:SUSPEND", users, 400, "lookalike-path"},
        {"a dot at the end", "POST", "/v1/users/7:suspend.", users, 400, "lookalike-path"},
        {"a space at the end", "POST", "/v1/users/7:suspend%20", users, 400, "lookalike-path"},
        {"a format", "POST", "/v1/users/7:suspend.json", users, 400, "lookalike-path"},
        {"no user", "POST", "/v1/users/:suspend", users, 400, "lookalike-path"},
        {"an encoded slash", "POST", "/v1/users/7%2F:suspend", users, 400, "ambiguous-path"},
        {"a parameter", "POST", "/v1/users/7:suspend;x", users, 400, "ambiguous-path"},
        {"a cut path", "POST", "/v1/users/7:suspend%3Fx", users, 400, "lookalike-path"},
        {"the user of the token", "POST", "/v1/users/ada:rename", users, 200, ""},
        {"another user", "POST", "/v1/users/eve:rename", users, 403, "condition-failed"},
        {"the text twice", "POST", "/v1/users/ada:rename:rename", users, 400, "ambiguous-path"},
        {"two parameters", "GET", "/v1/compare/main...topic", users, 200, ""},
        {"which can be read in two ways", "GET", "/v1/compare/a...b...c", users, 400, "ambiguous-path"},
    };
    for (const auto& r : rows) {
        const auto answer = c.exchange(request(r.method, r.target, r.token));
        EXPECT_EQ(answer.status, r.status) << r.sentence << '\n' << answer;
        if (*r.problem != '\0') {
            EXPECT_EQ(json_member(answer.body, "type"), "urn:scopegate:problem:" + std::string(r.problem))
                << r.sentence;
        }
    }
    EXPECT_EQ(c.forwarded(request("POST", "/v1/users/7:suspend", suspend)).target, "/v1/users/7:suspend");
}

} // namespace
} // namespace scopegate::test
