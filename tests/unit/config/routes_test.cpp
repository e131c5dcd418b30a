#include "yaml.hpp"

#include "http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace scopegate::config {
namespace {

using namespace test;
using policy::requirement;
using policy::route_match;
using testing::ElementsAre;
using testing::IsEmpty;

std::string with_routes(const std::string& body)
{
    return upstream + issuers + "scopes: {a: A, b: B, c: C, \"read:x\": X}\nroutes:\n" + body;
}

std::shared_ptr<const policy::policy> compiled(const std::string& body)
{
    return policy_from_yaml(with_routes(body));
}

TEST(requirements, can_have_every_form)
{
    struct row {
        const char* written;
        const char* meaning; // as describe() writes it
    };
    const row rows[] = {
        {"public", "public"},
        {"authenticated", "any valid token"},
        {"read:x", "read:x"},
        {"[a]", "a"},
        {"[a, b]", "a and b"},
        {"{any: [a]}", "a"},
        {"{any: [a, b, [c, read:x]]}", "a, b, or both c and read:x"},
        {"{scopes: a}", "a"},
        {"{scopes: [b, a]}", "b and a"},
        {"{scopes: {any: [a, b]}}", "a or b"},
        {"{scopes: authenticated, where: {id: sub}}", "any valid token; {id} equals claim sub"},
        {"{scopes: public}", "public"},
    };
    for (const auto& r : rows) {
        const auto p = compiled("  /x/{id}: {GET: " + std::string(r.written) + "}\n");
        EXPECT_EQ(policy::describe(*p->match("/x/1", "GET").needs, p->scopes), r.meaning) << r.written;
    }
}

TEST(requirements, can_have_conditions)
{
    const auto p = compiled("  /{org}/users/{user}/{rest...}:\n"
                            "    GET:\n"
                            "      scopes: a\n"
                            "      where: {user: sub, org: /org/id}\n"
                            "      max_age: 5m\n"
                            "      acr: [urn:example:mfa, gold]\n"
                            "      client: [app-a, app-b]\n"
                            "      ip: [10.0.0.0/8, \"2001:db8::1\"]\n"
                            "      mode: observe\n"
                            "    PUT: {scopes: a, mode: enforce}\n");
    const auto& get = *p->match("/o/users/u/x", "GET").needs;
    std::vector<std::string> conditions;
    for (const auto& c : get.conditions)
        conditions.push_back(describe(c));
    EXPECT_THAT(conditions,
                ElementsAre("client address in 10.0.0.0/8 or 2001:db8::1", "{user} equals claim sub",
                            "{org} equals claim /org/id", "client is app-a or app-b",
                            "claim acr is urn:example:mfa or gold", "login at most 300 s ago"))
        << "in the order of the checks";
    const auto* where = policy::find<policy::where_condition>(get.conditions);
    ASSERT_NE(where, nullptr);
    EXPECT_EQ(where->parameter, 1U);
    EXPECT_TRUE(get.observe);
    EXPECT_EQ(get.mark.line, 6);
    EXPECT_EQ(get.mark.column, 5);
    EXPECT_FALSE(p->match("/o/users/u/x", "PUT").needs->observe);
}

TEST(requirements, compare_a_parameter_with_a_claim_or_with_the_values_of_a_list)
{
    const auto p = policy_from_yaml(upstream + issuers + scopes +
                                    "routes:\n  /t/{tenant}/{user}:\n    GET:\n      scopes: a\n"
                                    "      where: {tenant: {in: /org/tenants}, user: sub}\n");
    std::vector<std::string> conditions;
    for (const auto& c : p->match("/t/x/u", "GET").needs->conditions)
        conditions.push_back(describe(c));
    EXPECT_THAT(conditions, ElementsAre("{tenant} is in claim /org/tenants", "{user} equals claim sub"));
    EXPECT_THAT(p->claims_of_conditions(), ElementsAre("org", "sub"));
}

TEST(requirements, have_dense_indexes)
{
    const auto p =
        policy_from_yaml(upstream + issuers + scopes +
                         "routes: {/x: {GET: a, ANY: b}, /y: {GET: c}}\nunlisted: authenticated\n");
    EXPECT_EQ(p->requirement_count, 4U);
    std::set<std::uint32_t> indexes{p->unlisted_needs.index, p->routes[0].methods[0].second.index,
                                    p->routes[0].any->index, p->routes[1].methods[0].second.index};
    EXPECT_THAT(indexes, ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(p->unlisted_needs.needs, requirement::kind::authenticated);
    EXPECT_EQ(p->unlisted_needs.mark.line, 5);
    EXPECT_EQ(p->match("/z", "GET").found, route_match::outcome::unlisted);
}

const policy::route_settings& settings_of(const policy::policy& p, const char* path)
{
    return p.settings_of(p.match(path, "GET").matched);
}

TEST(route_settings, override_the_servers_in_any_order)
{
    using std::chrono::minutes;
    using std::chrono::seconds;
    const auto p =
        compiled("  /exports/{id}:\n"
                 "    timeouts: {half_closed: 30s, response_pause: 15m, upstream_response: 10m, body: 5m,"
                 " stream: 2h}\n"
                 "    GET: a\n"
                 "    authorization: strip\n"
                 "    body: 1GiB\n"
                 "  /x: {GET: a}\n"
                 "server: {timeouts: {idle: 7s, body: 8s}, limits: {body: 1KiB}}\n");
    const auto& own = settings_of(*p, "/exports/1");
    EXPECT_EQ(own.timeouts.upstream_response, minutes(10));
    EXPECT_EQ(own.timeouts.body, minutes(5));
    EXPECT_EQ(own.timeouts.longest_pause(), minutes(15));
    EXPECT_EQ(own.timeouts.stream, minutes(120));
    EXPECT_EQ(own.timeouts.half_closed, seconds(30));
    EXPECT_EQ(own.timeouts.idle, seconds(7)) << "the server's";
    EXPECT_EQ(own.body, std::uint64_t{1} << 30U);
    EXPECT_TRUE(own.strip_authorization);

    const auto& of_server = settings_of(*p, "/x");
    EXPECT_EQ(of_server.timeouts, p->server.timeouts);
    EXPECT_EQ(of_server.timeouts.body, seconds(8));
    EXPECT_EQ(of_server.body, 1024U);
    EXPECT_FALSE(of_server.strip_authorization);
    EXPECT_EQ(&of_server, &p->settings_of(nullptr)) << "shared, not copied";
}

TEST(route_settings, can_be_more_permissive_than_the_servers)
{
    const auto p = policy_from_yaml("upstream: {url: \"http://127.0.0.1:3000\", authorization: strip}\n" +
                                    issuers + scopes +
                                    "routes:\n"
                                    "  /x: {GET: a, authorization: forward, body: 0}\n"
                                    "  /y: {GET: a, authorization: strip}\n"
                                    "server: {limits: {body: 1KiB}}\n");
    EXPECT_FALSE(settings_of(*p, "/x").strip_authorization);
    EXPECT_EQ(settings_of(*p, "/x").body, 0U);
    EXPECT_EQ(&settings_of(*p, "/y"), &p->settings_of(nullptr)) << "what the server has anyway is shared";
}

TEST(route_settings, let_a_response_pause_as_long_as_it_may_take_to_begin)
{
    using std::chrono::seconds;
    const auto p = compiled("  /longer: {GET: a, timeouts: {upstream_response: 90s}}\n"
                            "  /shorter: {GET: a, timeouts: {upstream_response: 50s}}\n"
                            "server: {timeouts: {response_pause: 70s}}\n");
    EXPECT_EQ(settings_of(*p, "/longer").timeouts.longest_pause(), seconds(90));
    EXPECT_EQ(settings_of(*p, "/shorter").timeouts.longest_pause(), seconds(70));
}

TEST(route_settings, are_kept_once_for_routes_that_share_them)
{
    const auto p = compiled("  /a: &long {GET: a, body: 1GiB}\n"
                            "  /b: *long\n"
                            "  /c: {GET: a, body: 2GiB}\n"
                            "  /d: {GET: a}\n"
                            "  /e: {GET: b, body: 1024MiB}\n");
    EXPECT_EQ(p->settings.size(), 3U);
    EXPECT_EQ(&settings_of(*p, "/a"), &settings_of(*p, "/e"));
    EXPECT_EQ(&settings_of(*p, "/a"), &settings_of(*p, "/b"));
    EXPECT_EQ(settings_of(*p, "/c").body, std::uint64_t{2} << 30U);
    EXPECT_EQ(settings_of(*p, "/d").body, 0U);
}

TEST(route_settings, include_a_mode_that_a_method_may_override)
{
    const auto p = compiled("  /x:\n"
                            "    GET: a\n"
                            "    PUT: {scopes: a, mode: enforce}\n"
                            "    mode: observe\n"
                            "    ANY: b\n"
                            "  /y: {mode: enforce, GET: a, PUT: {scopes: a, mode: observe}}\n");
    const auto observed = [&](const char* path, const char* method) {
        return p->match(path, method).needs->observe;
    };
    EXPECT_TRUE(observed("/x", "GET"));
    EXPECT_TRUE(observed("/x", "HEAD"));
    EXPECT_FALSE(observed("/x", "PUT"));
    EXPECT_TRUE(observed("/x", "DELETE")) << "ANY";
    EXPECT_FALSE(observed("/y", "GET"));
    EXPECT_TRUE(observed("/y", "PUT"));
}

TEST(route_settings, can_come_from_the_environment)
{
    const auto result = load_text(with_routes("  /x: {GET: a, body: \"${SIZE}\"}\n"), "routes.yaml",
                                  [](const std::string&) { return std::optional<std::string>("3MiB"); });
    ASSERT_THAT(places(result.errors), IsEmpty());
    EXPECT_EQ(settings_of(*result.policy, "/x").body, 3U << 20U);
}

TEST(routes, match_their_templates)
{
    struct row {
        const char* written;
        const char* path; // normalized
        bool matches;
    };
    const row rows[] = {
        {"/", "/", true},
        {"/a", "/a", true},
        {"/a", "/a/", false},
        {"/a/", "/a/", true},
        {"/a/", "/a", false},
        {"/{x}", "/a", true},
        {"/{x}", "/", false},
        {"/{x}/", "/a/", true},
        {"/f/{x...}", "/f", true},
        {"/f/{x...}", "/f/", true},
        {"/f/{x...}", "/f/a/b/", true},
        {"/{x...}", "/", true},
        {"/u/auth0|{x}", "/u/auth0%7C1", true},
        {"/u/auth0|{x}", "/u/auth0%7C", false},
        {"/u/auth0|1", "/u/auth0%7C1", true},
        {"/u/auth0%7c1", "/u/auth0%7C1", true},
        {"/%7Euser", "/~user", true},
        {"/a b", "/a%20b", true},
        {"/café", "/caf%C3%A9", true},
        {"/a%3Fb", "/a%3Fb", true},
        {"/users/@me", "/users/@me", true},
    };
    for (const auto& r : rows) {
        const auto p = compiled("  \"" + std::string(r.written) + "\": {GET: a}\n");
        EXPECT_EQ(p->match(r.path, "GET").found == route_match::outcome::route, r.matches)
            << r.written << " " << r.path;
    }
}

TEST(routes, list_their_allowed_methods)
{
    struct row {
        const char* methods;
        const char* allow;
    };
    const row rows[] = {
        {"GET: a, POST: b", "GET, HEAD, POST"},
        {"HEAD: a, GET: b", "HEAD, GET"},
        {"DELETE: a", "DELETE"},
        {"POST: a, GET: a, PURGE: a", "POST, GET, HEAD, PURGE"},
        {"ANY: a", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
        {"GET: a, POST: b, ANY: c", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(compiled("  /x: {" + std::string(r.methods) + "}\n")->routes[0].allow, r.allow)
            << r.methods;
}

TEST(routes, may_have_templates_up_to_the_bounds)
{
    std::string longest, fullest;
    for (std::size_t i = 0; i < policy::max_segments; ++i)
        longest += "/s";
    for (std::size_t i = 0; i < policy::max_parameters; ++i)
        fullest += "/{p" + std::to_string(i) + "}";
    EXPECT_THAT(errors(with_routes("  " + longest + ": {GET: a}\n  " + fullest + ": {GET: a}\n")), IsEmpty());
}

// Returns whether the path is refused because a careless upstream could take it for another route.
bool is_lookalike(const policy::policy& p, std::string_view path)
{
    std::string scratch;
    const auto folded = http::fold_path(path, p.paths, scratch);
    return p.is_lookalike(*folded, "GET", p.match(path, "GET"));
}

TEST(routes, have_a_folded_tree_that_finds_lookalikes)
{
    struct row {
        const char* why;
        const char* templates;
        const char* path;
        bool lookalike;
    };
    const row rows[] = {
        {"letter case", "  /x/export: {GET: a}\n  /x/{id}: {GET: b}\n", "/x/EXPORT", true},
        {"letter case of the template", "  /x/Export: {GET: a}\n  /x/{id}: {GET: b}\n", "/x/export", true},
        {"the template's own spelling", "  /x/Export: {GET: a}\n  /x/{id}: {GET: b}\n", "/x/Export", false},
        {"the same needs", "  /x/export: {GET: a}\n  /x/{id}: {GET: a}\n", "/x/EXPORT", false},
        {"an encoded character", "  /users/@me: {GET: a}\n  /users/{id}: {GET: b}\n", "/users/%40me", true},
        {"a trailing dot", "  /admin: {GET: a}\n  /{x...}: {GET: b}\n", "/admin.", true},
        {"a trailing slash", "  /admin: {GET: a}\n  /{x...}: {GET: b}\n", "/admin/", true},
        {"a trailing slash that is declared", "  /admin: {GET: a}\n  /admin/: {GET: b}\n", "/admin/", false},
        {"cut off at an encoded question mark", "  /admin: {GET: a}\n  /{x}: {GET: b}\n", "/admin%3Fx", true},
        {"a template that is cut itself", "  /admin%3Fx/y: {GET: a}\n  /{x...}: {GET: b}\n", "/ADMIN", true},
        {"a template of which dots fall away", "  /.../x: {GET: a}\n  /{x}: {GET: b}\n", "/X", true},
        {"case: exact", "  /x/export: {GET: a}\n  /x/{id}: {GET: b}\npaths: {case: exact}\n", "/x/EXPORT",
         false},
        {"an encoded slash that is kept",
         "  /x/y: {GET: a}\n  /{z}: {GET: b}\npaths: {encoded_slash: keep}\n", "/x%2Fy", true},
        {"a template with one", "  /x%2Fy: {GET: a}\n  /{p}/{q}: {GET: b}\npaths: {encoded_slash: keep}\n",
         "/X/Y", true},
        {"parameters that are kept", "  /x: {GET: a}\n  /{z}: {GET: b}\npaths: {semicolon: keep}\n", "/x;v=1",
         true},
    };
    for (const auto& r : rows) {
        const auto p = compiled(r.templates);
        ASSERT_EQ(p->match(r.path, "GET").found, route_match::outcome::route) << r.why;
        EXPECT_EQ(is_lookalike(*p, r.path), r.lookalike) << r.why;
    }
}

TEST(routes, know_the_routes_that_fold_alike)
{
    const auto p = compiled("  /a: {GET: a}\n  /b: {GET: a}\n  /a/: {GET: b}\n  /a.: {GET: c}\n");
    const auto& r = p->routes;
    EXPECT_THAT(p->folded_alike[0], ElementsAre(&r[0], &r[2], &r[3]));
    EXPECT_THAT(p->folded_alike[1], ElementsAre(&r[1]));
    EXPECT_THAT(p->folded_alike[2], IsEmpty()) << "the tree itself finds the first of them";
}

TEST(routes, may_differ_by_letter_case_if_their_requirements_agree)
{
    struct row {
        const char* why;
        const char* templates;
        std::size_t errors;
    };
    const row rows[] = {
        {"the same needs", "  /a: {GET: a}\n  /A: {GET: a}\n", 0},
        {"HEAD as GET", "  /a: {GET: a}\n  /A: {GET: a, HEAD: a}\n", 0},
        {"alternatives in another order", "  /a: {GET: {any: [a, b]}}\n  /A: {GET: {any: [b, a]}}\n", 0},
        {"another scope", "  /a: {GET: a}\n  /A: {GET: b}\n", 1},
        {"another method", "  /a: {GET: a}\n  /A: {GET: a, PUT: a}\n", 1},
        {"ANY against one method", "  /a: {GET: a}\n  /A: {ANY: a}\n", 1},
        {"another condition", "  /a/{x}: {GET: a}\n  /A/{x}: {GET: {scopes: a, where: {x: sub}}}\n", 1},
        {"letter case and a trailing slash", "  /a: {GET: a}\n  /A/: {GET: b}\n", 1},
        {"only a trailing slash", "  /a: {GET: a}\n  /a/: {GET: b}\n", 0},
        {"parameter names are no literals", "  /a/{x}: {GET: a}\n  /a/{X}/: {GET: b}\n", 0},
        {"an API that tells letter case apart", "  /a: {GET: a}\n  /A: {GET: b}\npaths: {case: exact}\n", 0},
        {"letters beyond ASCII", "  /état: {GET: a}\n  /État: {GET: b}\n", 1},
        {"letters that are ASCII in lower case", "  /keys: {GET: a}\n  /\u212Aeys: {GET: b}\n", 1},
        {"letters that are ASCII in upper case", "  /admin: {GET: a}\n  /adm\u0131n: {GET: b}\n", 1},
        {"letters beyond ASCII, and the same needs", "  /état: {GET: a}\n  /État: {GET: a}\n", 0},
        {"letters beyond ASCII that an API tells apart",
         "  /état: {GET: a}\n  /État: {GET: b}\npaths: {case: exact}\n", 0},
        {"each with each", "  /a: {GET: a}\n  /A: {GET: a}\n  /A/: {GET: b}\n", 1},
        {"a slash first, letter case later", "  /a: {GET: a}\n  /a/: {GET: b}\n  /A: {GET: a}\n", 1},
        {"letter case first, a slash later", "  /a: {GET: a}\n  /A: {GET: a}\n  /a/: {GET: b}\n", 1},
        {"three spellings", "  /aa: {GET: a}\n  /aA: {GET: b}\n  /AA: {GET: c}\n", 2},
        {"many of one spelling", "  /a: {GET: a}\n  /a/: {GET: b}\n  /a.: {GET: c}\n  /a..: {GET: b}\n", 0},
    };
    for (const auto& r : rows)
        EXPECT_EQ(errors(with_routes(r.templates)).size(), r.errors) << r.why;
}

// Uses every spelling of one literal that letter case allows. A comparison of all pairs would take too long.
TEST(routes, may_fold_alike_in_large_numbers)
{
    constexpr unsigned letters = 13;
    std::string body;
    for (unsigned spelling = 0; spelling < 1U << letters; ++spelling) {
        body += "  /";
        for (unsigned i = 0; i < letters; ++i)
            body += static_cast<char>((spelling >> i & 1U ? 'A' : 'a') + static_cast<char>(i));
        body += ": {GET: a}\n";
    }
    const auto p = compiled(body);
    EXPECT_EQ(p->folded_alike.front().size(), 1U << letters);
}

TEST(routes, match_characters_that_a_template_encodes)
{
    struct row {
        const char* path;
        const char* matched; // -: no template
        const char* why;
    };
    const row rows[] = {
        {"/x/*", "/x/%2A", "as clients send it"},
        {"/x/%2A", "/x/%2A", "as the file has it"},
        {"/$metadata", "/%24metadata", "a name of OData"},
        {"/%24metadata", "/%24metadata", "encoded"},
        {"/$metadata/a", "/$metadata/a", "below it, where the file encodes nothing"},
        {"/%24metadata/b", "/%24metadata/b", "and where it does"},
        {"/%3Aid", "/%3aid", "a colon"},
        {"/:id", "/%3aid", "as it is"},
        {"/Patient/$everything", "/Patient/$everything", "literals stay literals"},
        {"/users:batch", "/users:batch", "with a colon in them"},
        {"/Users(1)", "/Users(1)", "or parentheses"},
        {"/y", "-", "nothing else"},
    };
    for (const bool reversed : {false, true}) {
        std::vector<std::string> templates{"/x/%2A", "/%24metadata", "/$metadata/a",         "/%24metadata/b",
                                           "/%3aid", "/users:batch", "/Patient/$everything", "/Users(1)"};
        if (reversed)
            std::reverse(templates.begin(), templates.end());
        std::string body;
        for (const auto& text : templates)
            body += "  \"" + text + "\": {GET: a}\n";
        const auto p = compiled(body);
        for (const auto& r : rows) {
            const auto found = p->match(r.path, "GET");
            EXPECT_EQ(found.matched == nullptr ? "-" : found.matched->text, r.matched)
                << r.path << ": " << r.why;
            EXPECT_FALSE(found.matched != nullptr && p->is_lookalike(r.path, "GET", found)) << r.path;
        }
    }
    EXPECT_THAT(
        errors(with_routes("  /%24metadata: {GET: a}\n  /$metadata: {GET: b}\n")),
        ElementsAre("6:3: the template \"/$metadata\" matches the same paths as \"/%24metadata\" in line 5"));
}

// The second template encodes a delimiter, which must not give the first one a second spelling.
TEST(routes, do_not_add_spellings_to_each_other)
{
    const auto p = compiled("  /x/@a/c: {GET: a}\n  /x/%40a/b: {GET: b}\n  /x/{p}/c: {GET: c}\n");
    const auto matched = [&](std::string_view path) {
        const auto found = p->match(path, "GET");
        return found.matched == nullptr ? std::string("-") : found.matched->text;
    };
    EXPECT_EQ(matched("/x/@a/c"), "/x/@a/c");
    EXPECT_EQ(matched("/x/@a/b"), "/x/%40a/b");
    EXPECT_EQ(matched("/x/%40a/b"), "/x/%40a/b");
    EXPECT_EQ(matched("/x/%40a/c"), "/x/{p}/c") << "the gate refuses it as a lookalike";
    EXPECT_TRUE(p->is_lookalike("/x/@a/c", "GET", p->match("/x/%40a/c", "GET")));
}

TEST(routes, follow_the_path_rules)
{
    EXPECT_THAT(errors(with_routes("  /a;b: {GET: a}\n  /a%3Bc: {GET: a}\npaths: {semicolon: keep}\n")),
                IsEmpty());
    EXPECT_THAT(errors(with_routes("  /a%2Fb: {GET: a}\npaths: {encoded_slash: keep}\n")), IsEmpty());
    EXPECT_THAT(errors(with_routes("  /a%2F..: {GET: a}\npaths: {encoded_slash: keep}\n")).size(), 1U);
}

TEST(routes, warn_about_templates_that_work_but_look_like_mistakes)
{
    EXPECT_THAT(warnings(with_routes("  /x: {GTE: a, PURGE: a, M-SEARCH: a}\n"
                                     "  /.well-known/oauth-protected-resource: {GET: public}\n"
                                     "  /.well-known/oauth-protected-resource/x: {GET: public}\n"
                                     "  /.well-known/oauth-protected-resources: {GET: public}\n")),
                ElementsAre("5:8: \"GTE\" is not a registered method; did you mean \"GET\"?",
                            "5:16: \"PURGE\" is not a registered method",
                            "5:26: \"M-SEARCH\" is not a registered method; did you mean \"SEARCH\"?",
                            "6:3: the metadata document (\"metadata\") takes precedence over this route",
                            "7:3: the metadata document (\"metadata\") takes precedence over this route"));
}

TEST(routes, accept_every_registered_method_silently)
{
    for (const char* method :
         {"GET", "QUERY", "PATCH", "PROPFIND", "MKCALENDAR", "ACL", "VERSION-CONTROL", "UPDATEREDIRECTREF"}) {
        const auto file = with_routes("  /x: {" + std::string(method) + ": a}\n");
        EXPECT_THAT(errors(file), IsEmpty()) << method;
        EXPECT_THAT(warnings(file), IsEmpty()) << method;
    }
}

TEST(routes, may_be_left_out_if_every_token_passes)
{
    EXPECT_THAT(errors(upstream + issuers + "unlisted: authenticated\nroutes: {}\n"), IsEmpty());
}

} // namespace
} // namespace scopegate::config
