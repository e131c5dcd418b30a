// Claims that list roles, permissions, scopes or tenants, in the forms that issuers write.
#include "support/calendar.hpp"

#include <gmock/gmock.h>

namespace scopegate::test {
namespace {

struct row {
    const char* sentence;
    const char* limit; // within `limit: {...}`
    const char* claims;
    unsigned status;
};

TEST(claims, limit_scopes_by_roles_in_each_form)
{
    const row rows[] = {
        {"a list", "claim: roles", R"(,"roles":["admin"])", 200},
        {"one text", "claim: roles", R"(,"roles":"admin")", 200},
        {"an object's keys", "claim: \"urn:zitadel:iam:org:project:roles\"",
         R"(,"urn:zitadel:iam:org:project:roles":{"admin":{"1":"x.test"}})", 200},
        {"a key that is denied", "claim: roles", R"(,"roles":{"admin":false})", 403},
        {"text with commas is one role", "claim: roles", R"(,"roles":"Internal/everyone,admin")", 403},
        {"unless the file says so", "claim: roles, as: comma", R"(,"roles":"Internal/everyone,admin")", 200},
        {"an element is never split", "claim: roles, as: comma", R"(,"roles":["Internal/everyone,admin"])",
         403},
        {"text with spaces is one role", "claim: roles", R"(,"roles":"viewer admin")", 403},
        {"unless the file says so", "claim: roles, as: space", R"(,"roles":"viewer admin")", 200},
        {"only keys", "claim: roles, as: keys", R"(,"roles":"admin")", 403},
        {"only a list", "claim: roles, as: list", R"(,"roles":{"admin":true})", 403},
        {"a member of each object", "claim: orgs, each: roles",
         R"(,"orgs":[{"roles":["x"]},{"roles":["admin"]}])", 200},
    };
    for (const auto& r : rows) {
        const calendar c({.more = std::string("limit: {roles: {") + r.limit +
                                  ", allow: {admin: [read:appointments]}}}\n"});
        EXPECT_EQ(c.exchange(get("/appointments", calendar_token("read:appointments", r.claims))).status,
                  r.status)
            << r.sentence << ": " << r.claims;
    }
}

TEST(claims, hold_scopes_in_umas_permissions)
{
    const calendar c({.issuer = "scope_claims: [scope, {claim: /authorization/permissions, each: scopes}]"});
    const auto token = calendar_token(
        "",
        R"(,"authorization":{"permissions":[{"rsname":"x","scopes":["read:appointments"]},{"rsname":"y"}]})");
    EXPECT_EQ(c.exchange(get("/appointments", token)).status, 200U);
    const auto odd =
        calendar_token("", R"(,"authorization":{"permissions":{"scopes":["read:appointments"]}})");
    EXPECT_EQ(c.exchange(get("/appointments", odd)).status, 403U);
    EXPECT_EQ(
        c.gate.wait_for_event("request", [](const log_line& l) { return l["status"] == "403"; })["cause"],
        "scope-claim-shape");
}

TEST(claims, list_the_values_that_a_parameter_may_have)
{
    gate_settings s;
    s.routes = "scopes: {a: A}\nroutes:\n  /t/{tenant}: {GET: {scopes: authenticated, where: {tenant: {in: "
               "tenants}}}}\n";
    const calendar c(s);
    auto client = c.connect();
    const auto token = calendar_token("", R"(,"tenants":["a","b c",7])");
    for (int turn = 0; turn < 2; ++turn) // the second time, the token is cached
        for (const auto& [path, status] :
             {std::pair("/t/a", 200U), std::pair("/t/b%20c", 200U), std::pair("/t/7", 200U),
              std::pair("/t/b", 403U), std::pair("/t/A", 403U)})
            EXPECT_EQ(client.exchange(get(path, token)).status, status) << path;
}

} // namespace
} // namespace scopegate::test
