#include "policy/decide.hpp"

#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <array>
#include <optional>

namespace scopegate::policy {

namespace {

using testing::ElementsAre;
using names = std::vector<std::string>;

constexpr wall_time noon{std::chrono::seconds(1'700'000'000)};

granted_scopes held(const policy& p, const names& token, const std::optional<names>& allowed = std::nullopt)
{
    granted_scopes out;
    for (const std::string& name : token)
        p.scopes.add_with_implied(name, out.token);
    out.effective = out.token;
    if (allowed) {
        scope_set cut;
        for (const std::string& name : *allowed)
            p.scopes.add_with_implied(name, cut);
        out.effective &= cut;
    }
    return out;
}

struct asked {
    const char* method = "GET";
    const char* path = "/";
    bool with_token = true;
    names token = {};
    std::optional<names> allowed = std::nullopt; // restricted by a scope cap
    json::value claims = test::claims({});
};

decision decide_for(const policy& p, const asked& a, steps* trace = nullptr)
{
    const granted_scopes scopes = held(p, a.token, a.allowed);
    const bearer token{a.claims, scopes};
    return decide(p, p.match(a.path, a.method), a.with_token ? &token : nullptr, noon, trace);
}

reason why(const decision& d)
{
    const denial* refused = std::get_if<denial>(&d);
    return refused == nullptr ? reason::allowed : reason(refused->why);
}

test::builder calendar()
{
    test::builder b;
    b.scopes({"read:app", "read:app2", "xread:app", "write", "delete", "audit"})
        .scope("admin", {"read:app", "write"});
    b.route("/public", {{"GET", "public"}});
    b.route("/any", {{"GET", "authenticated"}});
    b.route("/one", {{"GET", "read:app"}});
    b.route("/all", {{"GET", "write read:app"}});
    b.route("/either", {{"GET", "write read:app | delete | audit"}});
    return b;
}

TEST(decide, names_the_first_failure)
{
    auto b = calendar();
    struct {
        const char* shows;
        asked what;
        reason wanted;
        names missing;
    } const rows[] = {
        {"no route", {.path = "/none"}, reason::no_route, {}},
        {"no route and no token", {.path = "/none", .with_token = false}, reason::no_route, {}},
        {"wrong method", {.method = "PUT", .path = "/one"}, reason::wrong_method, {}},
        {"public without a token", {.path = "/public", .with_token = false}, reason::allowed, {}},
        {"public with one", {.path = "/public"}, reason::allowed, {}},
        {"any token, none there", {.path = "/any", .with_token = false}, reason::no_token, {}},
        {"any token, without scopes", {.path = "/any"}, reason::allowed, {}},
        {"a scope, no token", {.path = "/one", .with_token = false}, reason::no_token, {}},
        {"a scope, there", {.path = "/one", .token = {"read:app"}}, reason::allowed, {}},
        {"a longer name is another scope",
         {.path = "/one", .token = {"read:app2", "xread:app"}},
         reason::insufficient_scope,
         {"read:app"}},
        {"an implied scope", {.path = "/one", .token = {"admin"}}, reason::allowed, {}},
        {"all of two", {.path = "/all", .token = {"read:app", "write"}}, reason::allowed, {}},
        {"one of two is not all",
         {.path = "/all", .token = {"read:app"}},
         reason::insufficient_scope,
         {"write"}},
        {"one of several alternatives", {.path = "/either", .token = {"audit"}}, reason::allowed, {}},
        {"the alternative of two", {.path = "/either", .token = {"read:app", "write"}}, reason::allowed, {}},
        {"taken away by the limit",
         {.path = "/one", .token = {"read:app"}, .allowed = names{}},
         reason::scope_limited,
         {"read:app"}},
        {"one taken away, one never there",
         {.path = "/all", .token = {"read:app"}, .allowed = names{}},
         reason::scope_limited,
         {"read:app", "write"}},
        {"one taken away, the other there",
         {.path = "/all", .token = {"read:app", "write"}, .allowed = names{"write"}},
         reason::scope_limited,
         {"read:app"}},
        {"never there, limit or not",
         {.path = "/one", .token = {}, .allowed = names{}},
         reason::insufficient_scope,
         {"read:app"}},
        {"the limit took what is not needed",
         {.path = "/one", .token = {"read:app", "write"}, .allowed = names{"read:app"}},
         reason::allowed,
         {}},
    };
    for (const auto& row : rows) {
        const auto d = decide_for(b.get(), row.what);
        EXPECT_EQ(name(why(d)), name(row.wanted)) << row.shows;
        if (const denial* refused = std::get_if<denial>(&d)) {
            EXPECT_EQ(b.get().scopes.names(refused->missing), row.missing) << row.shows;
            const auto m = b.get().match(row.what.path, row.what.method);
            EXPECT_EQ(refused->needs, m.needs) << row.shows;
            EXPECT_EQ(refused->matched, m.matched) << row.shows;
        } else {
            EXPECT_FALSE(std::get<permit>(d).observed()) << row.shows;
        }
    }
}

TEST(decide, chooses_the_alternative_with_the_fewest_missing_scopes_and_the_first_of_equals)
{
    test::builder b;
    b.scopes({"a", "b", "c", "d", "e"});
    b.route("/", {{"GET", "a b c | d e | c d"}});
    struct {
        names token;
        std::optional<names> allowed;
        std::size_t alternative;
        names missing;
        reason wanted;
    } const rows[] = {
        {{}, {}, 1, {"d", "e"}, reason::insufficient_scope},
        {{"a"}, {}, 0, {"b", "c"}, reason::insufficient_scope}, // each alternative lacks two
        {{"a", "b"}, {}, 0, {"c"}, reason::insufficient_scope},
        {{"c"}, {}, 2, {"d"}, reason::insufficient_scope},
        {{"e"}, {}, 1, {"d"}, reason::insufficient_scope},
        {{"d", "e"}, names{"d"}, 1, {"e"}, reason::scope_limited},
        // A new token could add b, but not c, just as this one.
        {{"a", "c"}, names{"a"}, 0, {"b", "c"}, reason::scope_limited},
    };
    for (const auto& row : rows) {
        const auto d = decide_for(b.get(), {.token = row.token, .allowed = row.allowed});
        const denial& refused = std::get<denial>(d);
        const std::string shows = testing::PrintToString(row.token);
        EXPECT_EQ(refused.alternative, row.alternative) << shows;
        EXPECT_EQ(b.get().scopes.names(refused.missing), row.missing) << shows;
        EXPECT_EQ(refused.why, row.wanted) << shows;
    }
}

TEST(decide, names_the_alternative_to_request_if_no_scope_is_missing)
{
    test::builder b;
    b.scopes({"a", "b", "c", "d"});
    auto either = b.needs("a b | c | d");
    either.conditions.emplace_back(max_age_condition{std::chrono::minutes(5)});
    b.route("/", test::builder::methods{{"GET", either}});
    const auto asked_for = [&](const asked& a) {
        const auto d = decide_for(b.get(), a);
        return std::get<denial>(d).alternative;
    };
    EXPECT_EQ(asked_for({.with_token = false}), 1U) << "the alternative with one scope is shorter";
    EXPECT_EQ(asked_for({.token = {"d"}}), 2U) << "the token with the old login met this alternative";
    EXPECT_EQ(asked_for({.token = {"a", "b", "d"}}), 0U);
    EXPECT_EQ(refuse(b.get().match("/", "GET"), reason::token_expired).alternative, 1U);
}

TEST(decide, checks_where_against_the_decoded_parameter)
{
    test::builder b;
    requirement own;
    own.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    own.conditions.emplace_back(where_condition{1, "org", json::path("/org/id")});
    b.route("/users/{user}/of/{org}", test::builder::methods{{"GET", own}});
    const auto org = [](json::value id) { return test::claims({{"id", std::move(id)}}); };
    struct {
        const char* shows;
        const char* path;
        json::value sub;
        json::value org_id;
        bool holds;
    } const rows[] = {
        {"both equal", "/users/bob/of/7", test::text("bob"), test::text("7"), true},
        {"another user", "/users/bob/of/7", test::text("alice"), test::text("7"), false},
        {"another organization", "/users/bob/of/7", test::text("bob"), test::text("8"), false},
        {"letter case counts", "/users/Bob/of/7", test::text("bob"), test::text("7"), false},
        {"a beginning is not equal", "/users/bob/of/7", test::text("bobby"), test::text("7"), false},
        {"nor a longer one", "/users/bobby/of/7", test::text("bob"), test::text("7"), false},
        {"percent-encoded", "/users/auth0%7C1/of/7", test::text("auth0|1"), test::text("7"), true},
        {"a claim is taken as it is", "/users/auth0%7C1/of/7", test::text("auth0%7C1"), test::text("7"),
         false},
        {"a number by its text", "/users/bob/of/7", test::text("bob"), test::number("7"), true},
        {"not by its value", "/users/bob/of/7", test::text("bob"), test::number("7.0"), false},
        {"a boolean by its text", "/users/bob/of/true", test::text("bob"), json::value(true), true},
        {"an array never", "/users/bob/of/7", test::text("bob"), test::list({"7"}), false},
        {"an object never", "/users/bob/of/7", test::text("bob"), test::claims({}), false},
        {"null never", "/users/bob/of/null", test::text("bob"), json::value(), false},
        {"an empty string is not a segment", "/users/bob/of/7", test::text(""), test::text("7"), false},
    };
    for (const auto& row : rows) {
        const auto claims = test::claims({{"sub", row.sub}, {"org", org(row.org_id)}});
        EXPECT_EQ(name(why(decide_for(b.get(), {.path = row.path, .claims = claims}))),
                  name(row.holds ? reason::allowed : reason::condition_failed))
            << row.shows;
    }
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/users/bob/of/7"})), reason::condition_failed)
        << "the token has no claims";
}

TEST(decide, checks_where_against_each_value_of_a_list)
{
    test::builder b;
    requirement own;
    own.conditions.emplace_back(where_condition{0, "tenant", json::path("/org/tenants"), true});
    b.route("/tenants/{tenant}", test::builder::methods{{"GET", own}});
    json::array many;
    for (int i = 0; i < 5000; ++i)
        many.emplace_back("tenant-" + std::to_string(i));
    const auto parsed = [](const char* text) { return json::parse(text).value(); };
    struct {
        const char* shows;
        const char* path;
        json::value tenants;
        bool holds;
    } const rows[] = {
        {"the first", "/tenants/a", test::list({"a", "b"}), true},
        {"the last", "/tenants/b", test::list({"a", "b"}), true},
        {"another", "/tenants/c", test::list({"a", "b"}), false},
        {"letter case counts", "/tenants/A", test::list({"a"}), false},
        {"a beginning is not equal", "/tenants/a", test::list({"ab"}), false},
        {"percent-encoded", "/tenants/a%20b", test::list({"x", "a b"}), true},
        {"an element is never split", "/tenants/a", test::list({"a b", "a,b"}), false},
        {"an element is taken as it is", "/tenants/a%20b", test::list({"a%20b"}), false},
        {"text is one value", "/tenants/a", test::text("a"), true},
        {"that is not split at spaces", "/tenants/a", test::text("a b"), false},
        {"nor at commas", "/tenants/a", test::text("a,b"), false},
        {"but may have them", "/tenants/a,b", test::text("a,b"), true},
        {"a number by its text", "/tenants/7", parsed("[8, 7]"), true},
        {"not by its value", "/tenants/7", parsed("[7.0]"), false},
        {"a number alone", "/tenants/7", test::number("7"), true},
        {"a boolean by its text", "/tenants/true", parsed("[true]"), true},
        {"null never", "/tenants/null", parsed("[null]"), false},
        {"a nested list never", "/tenants/a", parsed(R"([["a"]])"), false},
        {"an object's keys never", "/tenants/a", parsed(R"({"a": true})"), false},
        {"nor those of an element", "/tenants/a", parsed(R"([{"a": "a"}])"), false},
        {"an empty list", "/tenants/a", parsed("[]"), false},
        {"an empty element", "/tenants/a", test::list({""}), false},
        {"others beside it do not matter", "/tenants/a", parsed(R"([null, {"x": 1}, "a"])"), true},
        {"among many", "/tenants/tenant-4999", json::value(many), true},
        {"not among many", "/tenants/tenant-5000", json::value(many), false},
    };
    for (const auto& row : rows) {
        const auto claims = test::claims({{"org", test::claims({{"tenants", row.tenants}})}});
        EXPECT_EQ(name(why(decide_for(b.get(), {.path = row.path, .claims = claims}))),
                  name(row.holds ? reason::allowed : reason::condition_failed))
            << row.shows;
    }
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/tenants/a"})), reason::condition_failed) << "no claim";
    EXPECT_THAT(b.get().claims_of_conditions(), ::testing::ElementsAre("org")) << "the cache keeps it";
}

// A client of one resource must not reach another with the same token.
TEST(decide, needs_a_token_for_the_resource_of_the_route)
{
    test::builder b;
    b.scopes({"a"});
    b.route("/own", {{"GET", "a"}}).route("/x", {{"GET", "a"}}).route("/open", {{"GET", "public"}});
    b.get().metadata.resources.resize(2);
    b.get().routes[1].methods[0].second.resource = 2;
    b.get().routes[2].methods[0].second.resource = 2;
    const granted_scopes scopes = [&] {
        granted_scopes out;
        b.get().scopes.add_with_implied("a", out.token);
        out.effective = out.token;
        return out;
    }();
    const auto claims = test::claims({});
    struct {
        const char* shows;
        const char* path;
        std::uint64_t resources;
        reason wanted;
    } const rows[] = {
        {"a token for the server's own routes", "/own", 1, reason::allowed},
        {"not at a resource", "/x", 1, reason::wrong_audience},
        {"a token for the resource", "/x", 1U << 2U, reason::allowed},
        {"not at the server's own routes", "/own", 1U << 2U, reason::wrong_audience},
        {"a token for another resource", "/x", 1U << 1U, reason::wrong_audience},
        {"a token for several", "/x", 6, reason::allowed},
        {"a token for none", "/own", 0, reason::wrong_audience},
        {"a public route needs none", "/open", 0, reason::allowed},
    };
    for (const auto& row : rows) {
        const bearer token{claims, scopes, 0, {}, row.resources};
        const auto decided = decide(b.get(), b.get().match(row.path, "GET"), &token, wall_time());
        EXPECT_EQ(name(why(decided)), name(row.wanted)) << row.shows;
    }
}

struct client_row {
    const char* shows;
    json::object claims;
    reason wanted;
};

// Tokens of other applications of the same tenant are valid too.
TEST(decide, checks_the_client_of_the_token)
{
    test::builder b;
    requirement apps;
    apps.conditions.emplace_back(client_condition{{"app-a", "app-b"}});
    b.route("/apps", test::builder::methods{{"GET", apps}});
    const client_row rows[] = {
        {"one of them", {{"client_id", test::text("app-b")}}, reason::allowed},
        {"azp without client_id", {{"azp", test::text("app-a")}}, reason::allowed},
        {"another one", {{"client_id", test::text("app-c")}}, reason::condition_failed},
        {"a longer name", {{"client_id", test::text("app-a2")}}, reason::condition_failed},
        {"another letter case", {{"client_id", test::text("App-A")}}, reason::condition_failed},
        {"client_id comes before azp",
         {{"client_id", test::text("app-c")}, {"azp", test::text("app-a")}},
         reason::condition_failed},
        {"a list", {{"client_id", test::list({"app-a"})}}, reason::condition_failed},
        {"no client", {}, reason::condition_failed},
    };
    for (const auto& row : rows)
        EXPECT_EQ(name(why(decide_for(b.get(), {.path = "/apps", .claims = json::value(row.claims)}))),
                  name(row.wanted))
            << row.shows;
}

TEST(decide, checks_the_address_of_the_client_before_any_token)
{
    test::builder b;
    requirement inside;
    inside.needs = requirement::kind::open;
    ip_condition networks;
    networks.any_of.push_back({{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0, 0}, 104}, "10.0.0.0/8"});
    inside.conditions.emplace_back(networks);
    requirement both = inside;
    both.needs = requirement::kind::authenticated;
    b.route("/inside", test::builder::methods{{"GET", inside}});
    b.route("/both", test::builder::methods{{"GET", both}});
    const client_address near{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 1, 2, 3};
    const client_address far{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 11, 1, 2, 3};
    const auto decide_from = [&](const char* path, const client_address* from) {
        const auto match = b.get().match(path, "GET");
        EXPECT_EQ(is_refused_without_token(match, {wall_time{}, from}), from != &near);
        return name(why(decide(b.get(), match, nullptr, {wall_time{}, from})));
    };
    EXPECT_EQ(decide_from("/inside", &near), "allowed");
    EXPECT_EQ(decide_from("/inside", &far), "address-not-allowed");
    EXPECT_EQ(decide_from("/inside", nullptr), "address-not-allowed") << "the address is not known";
    EXPECT_EQ(decide_from("/both", &near), "no-token");
    EXPECT_EQ(decide_from("/both", &far), "address-not-allowed");
    EXPECT_FALSE(needs_token(b.get().match("/inside", "GET")));
}

TEST(decide, checks_the_class_and_the_age_of_the_login)
{
    test::builder b;
    requirement recent;
    recent.conditions.emplace_back(max_age_condition{std::chrono::minutes(5)});
    requirement strong;
    strong.conditions.emplace_back(acr_condition{{"urn:example:mfa", "urn:example:key"}});
    requirement both = strong;
    both.conditions.push_back(recent.conditions.front());
    b.route("/recent", test::builder::methods{{"GET", recent}});
    b.route("/strong", test::builder::methods{{"GET", strong}});
    b.route("/both", test::builder::methods{{"GET", both}});
    struct {
        const char* shows;
        const char* path;
        json::object claims;
        reason wanted;
    } const rows[] = {
        {"just now", "/recent", {{"auth_time", test::number("1700000000")}}, reason::allowed},
        {"as old as allowed", "/recent", {{"auth_time", test::number("1699999700")}}, reason::allowed},
        {"a second older: no skew is granted",
         "/recent",
         {{"auth_time", test::number("1699999699")}},
         reason::login_too_old},
        {"a fraction older", "/recent", {{"auth_time", test::number("1699999699.9")}}, reason::login_too_old},
        {"a fraction younger", "/recent", {{"auth_time", test::number("1.6999997005e9")}}, reason::allowed},
        {"absent", "/recent", {}, reason::login_too_old},
        {"null", "/recent", {{"auth_time", json::value()}}, reason::login_too_old},
        {"a string is no time", "/recent", {{"auth_time", test::text("1700000000")}}, reason::login_too_old},
        {"a clock that is a little ahead",
         "/recent",
         {{"auth_time", test::number("1700000060")}},
         reason::allowed},
        {"a login to come", "/recent", {{"auth_time", test::number("1700000061")}}, reason::login_too_old},
        {"milliseconds", "/recent", {{"auth_time", test::number("1700000000000")}}, reason::login_too_old},
        {"more than a double holds",
         "/recent",
         {{"auth_time", test::number("1e999")}},
         reason::login_too_old},
        {"the first class", "/strong", {{"acr", test::text("urn:example:mfa")}}, reason::allowed},
        {"the second class", "/strong", {{"acr", test::text("urn:example:key")}}, reason::allowed},
        {"another class", "/strong", {{"acr", test::text("urn:example:pwd")}}, reason::login_too_weak},
        {"a list is no class", "/strong", {{"acr", test::list({"urn:example:mfa"})}}, reason::login_too_weak},
        {"no class", "/strong", {}, reason::login_too_weak},
        {"both fail: the class is said first", "/both", {}, reason::login_too_weak},
        {"strong, but old", "/both", {{"acr", test::text("urn:example:mfa")}}, reason::login_too_old},
        {"recent, but weak", "/both", {{"auth_time", test::number("1700000000")}}, reason::login_too_weak},
        {"both hold",
         "/both",
         {{"acr", test::text("urn:example:mfa")}, {"auth_time", test::number("1700000000")}},
         reason::allowed},
    };
    for (const auto& row : rows)
        EXPECT_EQ(name(why(decide_for(b.get(), {.path = row.path, .claims = test::claims(row.claims)}))),
                  name(row.wanted))
            << row.shows;
}

TEST(decide, checks_token_scopes_where_and_login_in_this_order)
{
    test::builder b;
    b.scopes({"read"});
    requirement r = b.needs("read");
    r.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    r.conditions.emplace_back(acr_condition{{"mfa"}});
    r.conditions.emplace_back(max_age_condition{std::chrono::seconds(1)});
    b.route("/{user}", test::builder::methods{{"GET", r}});
    asked a{.path = "/bob", .with_token = false};
    EXPECT_EQ(why(decide_for(b.get(), a)), reason::no_token);
    a.with_token = true;
    EXPECT_EQ(why(decide_for(b.get(), a)), reason::insufficient_scope);
    a.token = {"read"};
    EXPECT_EQ(why(decide_for(b.get(), a)), reason::condition_failed);
    a.claims = test::claims({{"sub", test::text("bob")}});
    EXPECT_EQ(why(decide_for(b.get(), a)), reason::login_too_weak);
    a.claims = test::claims({{"sub", test::text("bob")}, {"acr", test::text("mfa")}});
    EXPECT_EQ(why(decide_for(b.get(), a)), reason::login_too_old);
}

TEST(decide, fails_closed_on_policies_that_a_loader_should_refuse)
{
    test::builder b;
    requirement open_with_condition;
    open_with_condition.needs = requirement::kind::open;
    open_with_condition.conditions.emplace_back(where_condition{0, "user", json::path("sub")});
    requirement nobody;
    nobody.needs = requirement::kind::scopes;
    requirement beyond;
    beyond.conditions.emplace_back(where_condition{5, "user", json::path("sub")});
    b.route("/public/{user}", test::builder::methods{{"GET", open_with_condition}});
    b.route("/nobody", test::builder::methods{{"GET", nobody}});
    b.route("/beyond", test::builder::methods{{"GET", beyond}});
    const auto empty = test::claims({{"sub", test::text("")}});
    EXPECT_TRUE(needs_token(b.get().match("/public/bob", "GET")));
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/public/bob", .with_token = false})), reason::no_token);
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/public/bob"})), reason::condition_failed);
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/nobody"})), reason::insufficient_scope);
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/beyond", .claims = empty})), reason::condition_failed);
}

TEST(decide, permits_unlisted_paths_with_a_token_only_when_configured)
{
    auto b = calendar();
    b.unlisted_authenticated();
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/none", .with_token = false})), reason::no_token);
    EXPECT_EQ(why(decide_for(b.get(), {.path = "/none"})), reason::allowed);
    EXPECT_EQ(why(decide_for(b.get(), {.method = "PUT", .path = "/one"})), reason::allowed);
    EXPECT_EQ(why(decide_for(b.get(), {.method = "TRACE", .path = "/one"})), reason::wrong_method);
    EXPECT_EQ(why(decide_for(b.get(), {.method = "CONNECT", .path = "/none"})), reason::no_route);
}

TEST(needs_token, is_true_only_if_the_decision_depends_on_a_token)
{
    auto b = calendar();
    EXPECT_FALSE(needs_token(b.get().match("/public", "GET")));
    EXPECT_TRUE(needs_token(b.get().match("/any", "GET")));
    EXPECT_TRUE(needs_token(b.get().match("/one", "GET")));
    EXPECT_FALSE(needs_token(b.get().match("/one", "PUT")));
    EXPECT_FALSE(needs_token(b.get().match("/none", "GET")));
    b.unlisted_authenticated();
    EXPECT_TRUE(needs_token(b.get().match("/none", "GET")));
}

} // namespace

} // namespace scopegate::policy
