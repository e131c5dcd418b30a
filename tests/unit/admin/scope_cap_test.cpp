// POST /limit, from the request's text to the response.
#include "admin/scope_cap.hpp"

#include "support/policy_from_yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace scopegate::admin {
namespace {

using testing::HasSubstr;
using testing::Not;

std::shared_ptr<const policy::policy> calendar(const std::string& limit)
{
    return test::policy_from_yaml(R"(
upstream: http://127.0.0.1:3000
scopes:
  read:appointments: See
  write:appointments: {implies: [read:appointments]}
routes:
  /healthz: {GET: public}
)" + limit);
}

const std::string by_permission = "limit: {permissions: permissions}\n";
const std::string by_role = "limit: {roles: {claim: /realm/roles, allow: {viewer: [read:appointments], "
                            "editor: [write:appointments]}}}\n";

TEST(scope_cap, reduces_scopes_to_those_that_the_claims_allow)
{
    struct row {
        const char* why;
        std::string limit;
        const char* question;
        const char* expected;
    };
    const row rows[] = {
        {"what is allowed stays, what is not goes", by_permission,
         R"({"scopes":["openid","read:appointments","write:appointments"],"claims":{"permissions":["read:appointments"]}})",
         R"({"scopes":["openid","read:appointments"],"removed":["write:appointments"]})"},
        {"in the place of one that falls away comes what it implies", by_role,
         R"({"scopes":["write:appointments"],"claims":{"realm":{"roles":["viewer"]}}})",
         R"({"scopes":["read:appointments"],"removed":["write:appointments"]})"},
        {"members in any order", by_role,
         R"({"claims":{"realm":{"roles":"editor"}},"scopes":["write:appointments"]})",
         R"({"scopes":["write:appointments"],"removed":[]})"},
        {"an absent claim allows none", by_permission, R"({"scopes":["read:appointments"],"claims":{}})",
         R"({"scopes":[],"removed":["read:appointments"]})"},
        {"null is absent", by_permission, R"({"scopes":["read:appointments"],"claims":{"permissions":null}})",
         R"({"scopes":[],"removed":["read:appointments"]})"},
        {"nothing asked for", by_permission, R"({"scopes":[],"claims":{}})", R"({"scopes":[],"removed":[]})"},
        {"no limit in the file", "", R"({"scopes":["read:appointments"],"claims":{}})",
         R"({"scopes":["read:appointments"],"removed":[]})"},
    };
    for (const auto& r : rows) {
        const auto answer = cap_requested_scopes(*calendar(r.limit), r.question);
        ASSERT_TRUE(answer) << r.why << ": " << answer.error().why;
        EXPECT_EQ(*answer, r.expected + std::string("\n")) << r.why;
    }
}

TEST(scope_cap, reports_what_is_wrong_with_a_request)
{
    struct row {
        const char* why;
        std::string question;
        const char* expected;
    };
    const row rows[] = {
        {"nothing", "", "one JSON object"},
        {"no JSON", "scopes=a", "one JSON object"},
        {"an array", "[]", "one JSON object"},
        {"something behind", R"({"scopes":[],"claims":{}} x)", "one JSON object"},
        {"a duplicate", R"({"scopes":[],"scopes":["a"],"claims":{}})", "duplicate members"},
        {"a duplicate among the claims", R"({"scopes":[],"claims":{"a":1,"a":2}})", "duplicate members"},
        {"too large", R"({"scopes":[],"claims":{"a":")" + std::string(65'536, 'x') + "\"}}", "64 KiB"},
        {"no scopes", R"({"claims":{}})", "\"scopes\" is required"},
        {"scopes as one string", R"({"scopes":"a b","claims":{}})", "array of strings"},
        {"a scope that is a number", R"({"scopes":["a",7],"claims":{}})", "item 1 of \"scopes\""},
        {"a scope with a space", R"({"scopes":["a b"],"claims":{}})", "item 0 of \"scopes\""},
        {"an empty scope", R"({"scopes":[""],"claims":{}})", "item 0 of \"scopes\""},
        {"no claims", R"({"scopes":[]})", "\"claims\" is required"},
        {"claims that are no object", R"({"scopes":[],"claims":[]})", "\"claims\" is required"},
        {"claims that are null", R"({"scopes":[],"claims":null})", "\"claims\" is required"},
        {"a misspelt member", R"({"scopes":[],"claims":{},"claim":{}})", "unknown member \"claim\""},
    };
    const auto p = calendar(by_permission);
    for (const auto& r : rows) {
        const auto answer = cap_requested_scopes(*p, r.question);
        ASSERT_FALSE(answer) << r.why << ": " << *answer;
        EXPECT_THAT(answer.error().why, HasSubstr(r.expected)) << r.why;
    }
}

TEST(pages, refuse_with_a_problem)
{
    request asked(http::verb::post, "/limit", 11);
    const auto refused = problem(asked, http::status::bad_request, "a \"quoted\" word");
    EXPECT_EQ(refused.result_int(), 400U);
    EXPECT_EQ(refused[http::field::content_type], "application/problem+json");
    EXPECT_EQ(refused.body(), R"({"type":"about:blank","title":"Bad Request","status":400,)"
                              R"("detail":"a \"quoted\" word"})"
                              "\n");
}

} // namespace
} // namespace scopegate::admin
