#include "policy/scope_cap.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

using names = std::vector<std::string>;

// Scopes: admin implies write, write implies read, and delete is independent.
scope_registry calendar_scopes()
{
    scope_registry scopes;
    for (const char* name : {"read", "write", "delete", "admin"})
        scopes.add(name, "");
    scope_set closure;
    scopes.add_with_implied("read", closure);
    scopes.set_closure(*scopes.find("write"), closure);
    scopes.add_with_implied("write", closure);
    scopes.set_closure(*scopes.find("admin"), closure);
    return scopes;
}

scope_cap by_permissions()
{
    scope_cap rules;
    rules.permissions = jose::names_claim(json::path("permissions"));
    return rules;
}

scope_cap by_roles(const scope_registry& scopes)
{
    scope_cap rules;
    rules.by_role = scope_cap::roles{};
    rules.by_role->claim.claim = json::path("https://calendar.example.com/roles");
    const auto allow = [&](const char* role, const names& allowed) {
        scope_set& set = rules.by_role->allow[role];
        for (const std::string& name : allowed)
            scopes.add_with_implied(name, set);
    };
    allow("viewer", {"read"});
    allow("editor", {"write"});
    allow("cleaner", {"delete"});
    allow("guest", {});
    allow("head of office", {"admin"});
    return rules;
}

json::value permissions(json::value v)
{
    return test::claims({{"permissions", std::move(v)}});
}
json::value roles(json::value v)
{
    return test::claims({{"https://calendar.example.com/roles", std::move(v)}});
}

TEST(scope_cap, reduces_effective_scopes)
{
    const scope_registry scopes = calendar_scopes();
    scope_cap all_if_absent = by_permissions();
    all_if_absent.absent_allows_all = true;
    scope_cap both = by_roles(scopes);
    both.permissions = jose::names_claim(json::path("permissions"));
    scope_cap both_all_if_absent = both;
    both_all_if_absent.absent_allows_all = true;
    scope_cap nested = by_permissions();
    nested.permissions = jose::names_claim(json::path("/realm/permissions"));
    const auto both_claims = [](json::value p, json::value r) {
        return test::claims(
            {{"permissions", std::move(p)}, {"https://calendar.example.com/roles", std::move(r)}});
    };

    struct {
        const char* shows;
        scope_cap rules;
        json::value claims;
        std::vector<std::string_view> token;
        names effective;
    } const rows[] = {
        {"no limit", {}, test::claims({}), {"write", "openid"}, {"read", "write"}},
        {"a list of permissions",
         by_permissions(),
         permissions(test::list({"read", "delete"})),
         {"read", "write"},
         {"read"}},
        {"a string of permissions",
         by_permissions(),
         permissions(test::text("delete read")),
         {"read", "write"},
         {"read"}},
        {"more spaces than needed",
         by_permissions(),
         permissions(test::text("  delete  read ")),
         {"read"},
         {"read"}},
        {"a permission allows what it implies",
         by_permissions(),
         permissions(test::list({"admin"})),
         {"read"},
         {"read"}},
        {"a permission gives nothing that the token has not",
         by_permissions(),
         permissions(test::list({"admin"})),
         {},
         {}},
        {"of a scope that falls away, what it implies stays",
         by_permissions(),
         permissions(test::list({"read"})),
         {"admin"},
         {"read"}},
        {"an element with a space is no list",
         by_permissions(),
         permissions(test::list({"read write"})),
         {"read"},
         {}},
        {"undeclared permissions play no part",
         by_permissions(),
         permissions(test::list({"xread", "READ", ""})),
         {"read"},
         {}},
        {"an empty list allows nothing", by_permissions(), permissions(test::list({})), {"read"}, {}},
        {"an empty list is not absent", all_if_absent, permissions(test::list({})), {"read"}, {}},
        {"an absent claim allows nothing", by_permissions(), test::claims({}), {"read"}, {}},
        {"unless the file says all", all_if_absent, test::claims({}), {"write"}, {"read", "write"}},
        {"null is absent", by_permissions(), permissions(json::value()), {"read"}, {}},
        {"null is absent there too", all_if_absent, permissions(json::value()), {"read"}, {"read"}},
        {"a number allows nothing", all_if_absent, permissions(test::number("1")), {"read"}, {}},
        {"an object allows nothing",
         all_if_absent,
         permissions(test::claims({{"read", json::value(true)}})),
         {"read"},
         {}},
        {"a boolean allows nothing", all_if_absent, permissions(json::value(true)), {"read"}, {}},
        {"a claim deeper down",
         nested,
         test::claims({{"realm", permissions(test::list({"read"}))}}),
         {"read"},
         {"read"}},
        {"one role as a string", by_roles(scopes), roles(test::text("viewer")), {"admin"}, {"read"}},
        {"a role's name may hold spaces",
         by_roles(scopes),
         roles(test::text("head of office")),
         {"write"},
         {"read", "write"}},
        {"a string is one role",
         by_roles(scopes),
         roles(test::text("viewer cleaner")),
         {"read", "delete"},
         {}},
        {"several roles add up",
         by_roles(scopes),
         roles(test::list({"viewer", "cleaner"})),
         {"admin", "delete"},
         {"read", "delete"}},
        {"an unknown role allows nothing", by_roles(scopes), roles(test::list({"boss"})), {"read"}, {}},
        {"and takes nothing from a known one",
         by_roles(scopes),
         roles(test::list({"boss", "viewer"})),
         {"read"},
         {"read"}},
        {"letter case counts", by_roles(scopes), roles(test::text("Viewer")), {"read"}, {}},
        {"a role may allow nothing", by_roles(scopes), roles(test::text("guest")), {"read"}, {}},
        {"both: what both allow",
         both,
         both_claims(test::list({"read", "delete"}), test::text("editor")),
         {"admin", "delete"},
         {"read"}},
        {"both, one absent", both, permissions(test::list({"read"})), {"read"}, {}},
        {"both, one absent, the file says all",
         both_all_if_absent,
         permissions(test::list({"read"})),
         {"admin"},
         {"read"}},
        {"both absent, the file says all",
         both_all_if_absent,
         test::claims({}),
         {"write"},
         {"read", "write"}},
    };
    for (const auto& row : rows) {
        const auto granted = grant(row.rules, scopes, row.claims, row.token);
        EXPECT_EQ(scopes.names(granted.effective), row.effective) << row.shows;
        scope_set token;
        for (const auto name : row.token)
            scopes.add_with_implied(name, token);
        EXPECT_EQ(scopes.names(granted.token), scopes.names(token))
            << row.shows << ": the token's own scopes must stay known";
    }
}

TEST(scope_cap, serves_an_authorization_server)
{
    const scope_registry scopes = calendar_scopes();
    struct {
        const char* shows;
        scope_cap rules;
        json::value claims;
        names asked;
        names issued;
        names removed;
    } const rows[] = {
        {"what is allowed stays, in the order asked",
         by_roles(scopes),
         roles(test::text("editor")),
         {"write", "read"},
         {"write", "read"},
         {}},
        {"what is not falls away",
         by_roles(scopes),
         roles(test::text("viewer")),
         {"read", "delete"},
         {"read"},
         {"delete"}},
        {"in its place what it implies",
         by_roles(scopes),
         roles(test::text("editor")),
         {"admin", "delete"},
         {"read", "write"},
         {"admin", "delete"}},
        {"each once",
         by_roles(scopes),
         roles(test::text("viewer")),
         {"admin", "read", "read", "admin"},
         {"read"},
         {"admin"}},
        {"undeclared scopes pass",
         by_roles(scopes),
         roles(test::text("viewer")),
         {"openid", "write", "profile"},
         {"openid", "read", "profile"},
         {"write"}},
        {"a user without roles",
         by_roles(scopes),
         test::claims({}),
         {"openid", "read"},
         {"openid"},
         {"read"}},
        {"no limit", {}, test::claims({}), {"admin", "openid"}, {"admin", "openid"}, {}},
        {"nothing asked", by_roles(scopes), roles(test::text("editor")), {}, {}, {}},
    };
    for (const auto& row : rows) {
        const auto cut = cap_scopes(row.rules, scopes, row.claims, row.asked);
        EXPECT_EQ(cut.scopes, row.issued) << row.shows;
        EXPECT_EQ(cut.removed, row.removed) << row.shows;
    }
}

} // namespace

} // namespace scopegate::policy
