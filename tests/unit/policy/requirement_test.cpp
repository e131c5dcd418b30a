#include "policy/requirement.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <functional>

namespace scopegate::policy {

namespace {

scope_registry three_scopes()
{
    scope_registry scopes;
    for (const char* name : {"read:a", "read:b", "read:c"})
        scopes.add(name, "");
    return scopes;
}

TEST(describe, writes_and_and_or)
{
    const scope_registry scopes = three_scopes();
    struct {
        const char* written;
        const char* said;
    } const rows[] = {
        {"public", "public"},
        {"authenticated", "any valid token"},
        {"read:a", "read:a"},
        {"read:b read:a", "read:b and read:a"},
        {"read:a read:b read:c", "read:a, read:b and read:c"},
        {"read:a | read:b", "read:a or read:b"},
        {"read:a | read:b | read:c", "read:a, read:b or read:c"},
        {"read:a | read:b read:c", "read:a, or both read:b and read:c"},
        {"read:a | read:b | read:a read:c", "read:a, read:b, or both read:a and read:c"},
        {"read:b | read:a read:b read:c", "read:b, or all of read:a, read:b and read:c"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(describe(test::needs(scopes, row.written), scopes), row.said) << row.written;
}

TEST(describe, writes_the_conditions)
{
    const scope_registry scopes = three_scopes();
    requirement r = test::needs(scopes, "read:a");
    r.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    r.conditions.emplace_back(max_age_condition{std::chrono::minutes(5)});
    EXPECT_EQ(describe(r, scopes), "read:a; {user} equals claim sub; login at most 300 s ago");
    r.conditions.insert(r.conditions.end() - 1, acr_condition{{"urn:example:mfa", "urn:example:key"}});
    r.observe = true;
    EXPECT_EQ(describe(r, scopes),
              "read:a; {user} equals claim sub; claim acr is urn:example:mfa or urn:example:key; "
              "login at most 300 s ago; observed only");
}

TEST(same_needs, distinguishes_requirements)
{
    const scope_registry scopes = three_scopes();
    const auto with = [&](const char* written, const std::function<void(requirement&)>& change) {
        requirement r = test::needs(scopes, written);
        change(r);
        return r;
    };
    const auto plain = [&](const char* written) { return test::needs(scopes, written); };
    const auto where = [](std::size_t parameter, const char* claim) {
        return [=](requirement& r) {
            r.conditions.emplace_back(where_condition{parameter, "user", json::path(claim)});
        };
    };
    struct {
        const char* shows;
        requirement a;
        requirement b;
        bool same;
    } const rows[] = {
        {"itself", plain("read:a"), plain("read:a"), true},
        {"another scope", plain("read:a"), plain("read:b"), false},
        {"public is not any token", plain("public"), plain("authenticated"), false},
        {"any token is not a scope", plain("authenticated"), plain("read:a"), false},
        {"the order of all-of plays no part", plain("read:a read:b"), plain("read:b read:a"), true},
        {"nor that of any-of", plain("read:a | read:b"), plain("read:b | read:a"), true},
        {"nor a repetition", plain("read:a | read:a"), plain("read:a"), true},
        {"all is not any", plain("read:a read:b"), plain("read:a | read:b"), false},
        {"one alternative more is wider", plain("read:a | read:b"), plain("read:a"), false},
        {"one alternative less is narrower", plain("read:a"), plain("read:a | read:b"), false},
        {"a condition more", plain("read:a"), with("read:a", where(0, "sub")), false},
        {"the same condition", with("read:a", where(0, "sub")), with("read:a", where(0, "sub")), true},
        {"on another claim", with("read:a", where(0, "sub")), with("read:a", where(0, "email")), false},
        {"on another parameter", with("read:a", where(0, "sub")), with("read:a", where(1, "sub")), false},
        {"in place of equal", with("read:a", where(0, "sub")),
         with("read:a",
              [](requirement& r) {
                  r.conditions.emplace_back(where_condition{0, "user", json::path("sub"), true});
              }),
         false},
        {"of another resource", plain("read:a"), with("read:a", [](requirement& r) { r.resource = 1; }),
         false},
        {"a login's age", plain("read:a"),
         with("read:a",
              [](requirement& r) { r.conditions.emplace_back(max_age_condition{std::chrono::seconds(1)}); }),
         false},
        {"a login's class", plain("read:a"),
         with("read:a", [](requirement& r) { r.conditions.emplace_back(acr_condition{{"x"}}); }), false},
        {"classes in another order",
         with("read:a",
              [](requirement& r) {
                  r.conditions.emplace_back(acr_condition{{"x", "y"}});
              }),
         with("read:a",
              [](requirement& r) {
                  r.conditions.emplace_back(acr_condition{{"y", "x"}});
              }),
         true},
        {"the mode", plain("read:a"), with("read:a", [](requirement& r) { r.observe = true; }), false},
        {"its place in the file plays no part", plain("read:a"),
         with("read:a",
              [](requirement& r) {
                  r.index = 7;
                  r.mark = {3, 4};
              }),
         true},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(same_needs(row.a, row.b), row.same) << row.shows;
        EXPECT_EQ(same_needs(row.b, row.a), row.same) << row.shows << ", the other way round";
    }
}

TEST(requirement, is_public_only_without_conditions)
{
    requirement r;
    EXPECT_FALSE(r.is_public()) << "the default requires a token";
    r.needs = requirement::kind::open;
    EXPECT_TRUE(r.is_public());
    r.conditions.emplace_back(acr_condition{{"mfa"}});
    EXPECT_FALSE(r.is_public()) << "a condition can only be checked against a token";
}

} // namespace

} // namespace scopegate::policy
