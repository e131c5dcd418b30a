#include "policy/policy.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

using outcome = route_match::outcome;

test::builder calendar()
{
    test::builder b;
    b.scopes({"read", "write", "admin"});
    b.route("/appointments", {{"GET", "read"}, {"POST", "write"}});
    b.route("/appointments/{id}", {{"GET", "read"}, {"DELETE", "write"}});
    b.route("/healthz", {{"ANY", "public"}});
    return b;
}

TEST(match, distinguishes_the_five_results)
{
    auto listed_only = calendar();
    auto with_unlisted = calendar();
    for (auto* b : {&listed_only, &with_unlisted})
        b->route("/rooms/{from}-{to}", {{"GET", "read"}});
    with_unlisted.unlisted_authenticated();
    struct {
        const char* shows;
        const char* method;
        const char* path;
        outcome denied;      // unlisted: deny
        outcome may_be_more; // unlisted: authenticated
    } const rows[] = {
        {"route and method", "GET", "/appointments/42", outcome::route, outcome::route},
        {"HEAD follows GET", "HEAD", "/appointments/42", outcome::route, outcome::route},
        {"ANY", "PROPFIND", "/healthz", outcome::route, outcome::route},
        {"another method", "PATCH", "/appointments/42", outcome::wrong_method, outcome::unlisted},
        {"a listed method in another letter case", "get", "/appointments/42", outcome::wrong_method,
         outcome::wrong_method},
        {"CONNECT in another letter case", "connect", "/other", outcome::no_route, outcome::no_route},
        {"another path", "GET", "/other", outcome::no_route, outcome::unlisted},
        {"a trailing slash", "GET", "/appointments/", outcome::no_route, outcome::unlisted},
        {"OPTIONS *", "OPTIONS", "*", outcome::no_route, outcome::unlisted},
        {"TRACE of a listed path", "TRACE", "/healthz", outcome::wrong_method, outcome::wrong_method},
        {"CONNECT of a listed path", "CONNECT", "/healthz", outcome::wrong_method, outcome::wrong_method},
        {"two parameters in a segment", "GET", "/rooms/1-2", outcome::route, outcome::route},
        {"that can be read in two ways", "GET", "/rooms/1-2-3", outcome::ambiguous, outcome::ambiguous},
        {"with another method", "PUT", "/rooms/1-2-3", outcome::ambiguous, outcome::ambiguous},
        {"TRACE of another path", "TRACE", "/other", outcome::no_route, outcome::no_route},
        {"CONNECT of another path", "CONNECT", "/other", outcome::no_route, outcome::no_route},
    };
    for (const auto& row : rows) {
        const auto denied = listed_only.get().match(row.path, row.method);
        EXPECT_EQ(denied.found, row.denied) << row.shows;
        EXPECT_EQ(denied.needs != nullptr, row.denied == outcome::route) << row.shows;
        EXPECT_EQ(denied.matched != nullptr, row.denied != outcome::no_route) << row.shows;
        const auto more = with_unlisted.get().match(row.path, row.method);
        EXPECT_EQ(more.found, row.may_be_more) << row.shows;
        EXPECT_EQ(more.needs == &with_unlisted.get().unlisted_needs, row.may_be_more == outcome::unlisted)
            << row.shows;
        EXPECT_EQ(more.matched != nullptr, denied.matched != nullptr) << row.shows;
    }
}

TEST(match, does_not_try_a_less_specific_template_for_a_method)
{
    test::builder b;
    b.route("/a/b", {{"GET", "public"}}).route("/a/{x}", {{"POST", "public"}});
    const auto m = b.get().match("/a/b", "POST");
    EXPECT_EQ(m.found, outcome::wrong_method);
    EXPECT_EQ(m.matched, &b.get().routes[0]);
}

// Compares the template of a path with the template of its `folded` form (http::fold_path). The latter is
// what an upstream that ignores letter case, dots and the like could read.
TEST(lookalike, is_a_path_that_reaches_a_template_with_another_requirement)
{
    test::builder b;
    b.scopes({"read", "write", "admin"});
    b.route("/appointments/export", {{"GET", "admin"}, {"PUT", "read"}});
    b.route("/appointments/{id}", {{"GET", "read"}, {"PUT", "read"}, {"DELETE", "write"}});
    b.route("/admin/{x}", {{"GET", "admin"}});
    b.route("/reports", {{"GET", "read"}});
    b.route("/Mixed/Case", {{"GET", "read"}});
    b.route("/twin", {{"GET", "read"}});
    b.route("/twin/", {{"GET", "admin"}});
    b.route("/{all...}", {{"GET", "read"}, {"PUT", "read"}, {"DELETE", "write"}});
    struct {
        const char* shows;
        const char* method;
        const char* path;
        const char* folded;
        bool lookalike;
    } const rows[] = {
        {"a path that is itself", "GET", "/appointments/export", "/appointments/export", false},
        {"letter case of a literal beside {id}", "GET", "/appointments/EXPORT", "/appointments/export", true},
        {"the same for a method that both take alike", "PUT", "/appointments/EXPORT", "/appointments/export",
         false},
        {"a method that the literal does not take", "DELETE", "/appointments/EXPORT", "/appointments/export",
         true},
        {"HEAD as GET", "HEAD", "/appointments/EXPORT", "/appointments/export", true},
        {"a value of {id} in any case", "GET", "/appointments/Bob", "/appointments/bob", false},
        {"letter case under a catch-all", "GET", "/ADMIN/x", "/admin/x", true},
        {"a trailing slash under a catch-all", "GET", "/admin/x/", "/admin/x", true},
        {"deeper than the protected template", "GET", "/ADMIN/x/y", "/admin/x/y", false},
        {"another template that needs the same", "GET", "/REPORTS", "/reports", false},
        {"a literal in capitals as it is written", "GET", "/Mixed/Case", "/mixed/case", false},
        {"a literal in capitals in small letters", "GET", "/mixed/case", "/mixed/case", false},
        {"two that fold alike and are listed: the one", "GET", "/twin", "/twin", false},
        {"two that fold alike and are listed: the other", "GET", "/twin/", "/twin", false},
        {"a third spelling could be either of them", "GET", "/TWIN", "/twin", true},
        {"what is refused as it stands", "PATCH", "/appointments/EXPORT", "/appointments/export", false},
    };
    for (const auto& row : rows) {
        const auto m = b.get().match(row.path, row.method);
        EXPECT_EQ(b.get().is_lookalike(row.folded, row.method, m), row.lookalike) << row.shows;
    }
}

TEST(lookalike, can_be_an_unlisted_path)
{
    test::builder b;
    b.scopes({"admin"});
    b.route("/admin", {{"GET", "admin"}});
    b.route("/me", {{"GET", "authenticated"}});
    b.unlisted_authenticated();
    const auto lookalike = [&](const char* path, const char* folded, const char* method) {
        return b.get().is_lookalike(folded, method, b.get().match(path, method));
    };
    EXPECT_TRUE(lookalike("/Admin", "/admin", "GET"))
        << "an unlisted path that resembles a stricter template";
    EXPECT_FALSE(lookalike("/ME", "/me", "GET")) << "both have the same requirement";
    EXPECT_FALSE(lookalike("/Other", "/other", "GET")) << "the path resembles no template";
    EXPECT_TRUE(lookalike("/ADMIN", "/admin", "POST")) << "the template does not allow the method";
    EXPECT_FALSE(lookalike("/admin", "/admin", "POST")) << "an unlisted method of the template itself";
}

// `where` on another value is another condition, even if it reads the same in the file.
TEST(lookalike, compares_the_values_that_where_reads)
{
    test::builder b;
    const auto own = [](std::size_t parameter) {
        requirement r;
        r.conditions.emplace_back(where_condition{parameter, "user", json::path("sub")});
        return test::builder::methods{{"GET", r}};
    };
    b.route("/users/{user}", own(0));
    b.route("/users/{user}/{rest...}", own(0));
    b.route("/{user}/photos", own(0));
    b.route("/team/{user}", own(0));
    const auto lookalike = [&](const char* path, const char* folded) {
        return b.get().is_lookalike(folded, "GET", b.get().match(path, "GET"));
    };
    EXPECT_FALSE(lookalike("/users/Bob/", "/users/bob")) << "both templates read the same user";
    EXPECT_FALSE(lookalike("/users/auth0%7C1/", "/users/auth0|1")) << "the decoded values are the same";
    EXPECT_TRUE(lookalike("/users/bob./", "/users/bob")) << "the templates read two different users";
    EXPECT_TRUE(lookalike("/TEAM/photos", "/team/photos")) << "one template reads TEAM, the other photos";
}

TEST(conditions, list_the_claims_that_each_request_needs)
{
    test::builder b;
    b.route("/plain", {{"GET", "authenticated"}});
    EXPECT_THAT(b.get().claims_of_conditions(), ::testing::IsEmpty());
    requirement own;
    own.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    own.conditions.emplace_back(max_age_condition{std::chrono::seconds(300)});
    requirement of_realm;
    of_realm.conditions.emplace_back(where_condition{0, "realm", json::path("/org/realms/0")});
    of_realm.conditions.emplace_back(where_condition{1, "user", json::path("sub")});
    requirement strong;
    strong.conditions.emplace_back(acr_condition{{"gold"}});
    b.route("/users/{user}", test::builder::methods{{"GET", own}, {"ANY", strong}});
    b.route("/realms/{realm}/{user}", test::builder::methods{{"GET", of_realm}});
    EXPECT_THAT(b.get().claims_of_conditions(), ::testing::ElementsAre("acr", "auth_time", "org", "sub"));
    b.unlisted_authenticated().get().unlisted_needs.conditions.emplace_back(
        where_condition{0, "x", json::path("tenant")});
    EXPECT_THAT(b.get().claims_of_conditions(), ::testing::Contains("tenant"));
}

TEST(realm, is_the_first_audience_by_default)
{
    test::builder b;
    EXPECT_EQ(b.get().realm(), "");
    issuer_settings issuer;
    issuer.issuer = "https://example.com/";
    b.get().issuers.push_back(issuer);
    EXPECT_EQ(b.get().realm(), "https://example.com/") << "the issuer has no audience";
    b.get().issuers[0].audience = {"https://calendar.example.com", "other"};
    EXPECT_EQ(b.get().realm(), "https://calendar.example.com");
}

TEST(settings_of, a_route_are_its_own_or_else_the_servers)
{
    auto b = calendar();
    auto& p = b.get();
    p.settings.front().body = 1;
    p.settings.push_back({{}, 2, true});
    p.routes[1].settings = 1;
    EXPECT_EQ(p.settings_of(nullptr).body, 1U);
    EXPECT_EQ(&p.settings_of(&p.routes[0]), &p.settings_of(nullptr)) << "shared, not copied";
    EXPECT_EQ(p.settings_of(&p.routes[1]).body, 2U);
    EXPECT_TRUE(p.settings_of(&p.routes[1]).strip_authorization);
}

} // namespace

} // namespace scopegate::policy
