// The steps that decide() reports, which `explain` prints.
#include "policy/decide.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

using lines = std::vector<std::string>;

constexpr wall_time noon{std::chrono::seconds(1'700'000'000)};

// Returns each step as `+ sentence` if it holds, `- sentence` if it does not.
lines told(const policy& p, const char* method, const char* path, const bearer* token)
{
    steps trace;
    static_cast<void>(decide(p, p.match(path, method), token, noon, &trace));
    lines out;
    for (const step& s : trace)
        out.push_back((s.holds ? "+ " : "- ") + s.what);
    return out;
}

TEST(trace, explains_each_step)
{
    test::builder b;
    b.scopes({"read:a", "write:a", "audit"});
    requirement own = b.needs("write:a");
    own.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    own.conditions.emplace_back(acr_condition{{"mfa"}});
    own.conditions.emplace_back(max_age_condition{std::chrono::minutes(5)});
    b.route("/appointments/{id}",
            {{"GET", "read:a"}, {"PUT", "read:a write:a"}, {"DELETE", "audit | read:a write:a"}});
    b.route("/users/{user}/{rest...}", test::builder::methods{{"ANY", own}});
    b.route("/healthz", {{"GET", "public"}});

    const auto claims = test::claims({{"sub", test::text("al \"x\"")},
                                      {"acr", test::text("mfa")},
                                      {"auth_time", test::number("1699999880")}});
    granted_scopes scopes;
    b.get().scopes.add_with_implied("read:a", scopes.token);
    b.get().scopes.add_with_implied("write:a", scopes.token);
    b.get().scopes.add_with_implied("write:a", scopes.effective);
    const bearer token{claims, scopes};
    const auto no_claims = test::claims({});
    const bearer bare{no_claims, scopes};

    struct {
        const char* method;
        const char* path;
        const bearer* token;
        lines wanted;
    } const rows[] = {
        {"GET", "/none", &token, {"- no route matches; CONNECT, TRACE and unlisted requests are refused"}},
        {"PATCH",
         "/healthz",
         &token,
         {"- route /healthz matches, but not with this method; it supports GET"}},
        {"GET",
         "/healthz",
         nullptr,
         {"+ route /healthz matches", "+ GET needs public", "+ no token is checked"}},
        {"HEAD",
         "/appointments/4%7C2",
         nullptr,
         {"+ route /appointments/{id} matches; {id} = \"4|2\"", "+ GET needs read:a",
          "- the request has no token"}},
        {"GET",
         "/appointments/42",
         &token,
         {"+ route /appointments/{id} matches; {id} = \"42\"", "+ GET needs read:a", "+ the token is valid",
          "- the token has read:a, which the user's roles or permissions do not allow"}},
        {"PUT",
         "/appointments/42",
         &token,
         {"+ route /appointments/{id} matches; {id} = \"42\"", "+ PUT needs read:a and write:a",
          "+ the token is valid", "+ the token has write:a",
          "- the token has read:a, which the user's roles or permissions do not allow"}},
        {"DELETE",
         "/appointments/42",
         &token,
         {"+ route /appointments/{id} matches; {id} = \"42\"",
          "+ DELETE needs audit, or both read:a and write:a", "+ the token is valid",
          "- alternative 1: the token lacks audit", "+ alternative 2: the token has write:a",
          "- alternative 2: the token has read:a, which the user's roles or permissions do not allow"}},
        {"GET",
         "/users/al%20%22x%22/a/b",
         &token,
         {"+ route /users/{user}/{rest...} matches; {user} = \"al \\\"x\\\"\"; {rest} = \"a/b\"",
          "+ ANY needs write:a; {user} equals claim sub; claim acr is mfa; login at most 300 s ago",
          "+ the token is valid", "+ the token has write:a",
          "+ {user} = \"al \\\"x\\\"\" equals claim sub = \"al \\\"x\\\"\"",
          "+ claim acr is \"mfa\"; it must be mfa", "+ the login was 120 s ago; at most 300 s are allowed"}},
        {"GET",
         "/users/bob",
         &bare,
         {"+ route /users/{user}/{rest...} matches; {user} = \"bob\"; {rest} = \"\"",
          "+ ANY needs write:a; {user} equals claim sub; claim acr is mfa; login at most 300 s ago",
          "+ the token is valid", "+ the token has write:a",
          "- {user} = \"bob\" does not equal claim sub = absent"}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(told(b.get(), row.method, row.path, row.token), row.wanted)
            << row.method << ' ' << row.path;

    b.unlisted_authenticated();
    EXPECT_EQ(told(b.get(), "GET", "/none", &token),
              (lines{"+ no route matches; `unlisted: authenticated` accepts any valid token",
                     "+ an unlisted request needs any valid token", "+ the token is valid"}));
    EXPECT_EQ(told(b.get(), "PATCH", "/healthz", nullptr),
              (lines{"+ route /healthz matches, but not with this method; `unlisted: authenticated` accepts "
                     "any valid token",
                     "+ an unlisted request needs any valid token", "- the request has no token"}));
}

TEST(trace, names_the_claims_of_the_scope_cap_that_the_token_lacks)
{
    test::builder b;
    b.scope("read");
    b.route("/x", {{"GET", "read"}});
    auto& cap = b.get().scope_cap;
    cap.permissions.emplace(json::path("scp"));
    cap.by_role.emplace().claim.claim = json::path("/realm_access/roles");
    granted_scopes scopes;
    b.get().scopes.add_with_implied("read", scopes.token);
    const struct {
        json::value claims;
        const char* end;
    } rows[] = {
        {test::claims({}), "; the token has no claim scp and no claim /realm_access/roles"},
        {test::claims({{"scp", test::text("other")}}), "; the token has no claim /realm_access/roles"},
        {test::claims({{"scp", test::text("other")}, {"realm_access", *json::parse(R"({"roles": []})")}}),
         ""},
    };
    for (const auto& row : rows) {
        const bearer token{row.claims, scopes};
        EXPECT_EQ(told(b.get(), "GET", "/x", &token).back(),
                  std::string("- the token has read, which the user's roles or permissions do not allow") +
                      row.end);
    }
}

TEST(trace, names_the_settings_in_which_a_route_differs_from_the_server)
{
    test::builder b;
    b.scope("read");
    b.route("/exports", {{"GET", "public"}});
    b.route("/x", {{"GET", "public"}});
    b.unlisted_authenticated();
    auto& p = b.get();
    p.settings.push_back({{}, 1U << 20U, false});
    p.routes[0].settings = 1;
    EXPECT_EQ(told(p, "GET", "/exports", nullptr),
              (lines{"+ route /exports matches", "+ its own settings are body: 1MiB", "+ GET needs public",
                     "+ no token is checked"}));
    EXPECT_EQ(told(p, "PUT", "/exports", nullptr)[1], "+ its own settings are body: 1MiB");
    EXPECT_EQ(told(p, "GET", "/x", nullptr)[1], "+ GET needs public");
}

} // namespace

} // namespace scopegate::policy
