// `wide-weak-route`: the routes that get the warning, and its text.
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Returns the warnings of a file in which line 4 is the first of `body`. Scope d implies a.
std::vector<std::string> found(const std::string& body)
{
    return warnings_named(warning::wide_weak_route,
                          upstream + issuers + "scopes: {a: A, b: B, c: C, d: {implies: [a]}}\n" + body);
}

TEST(wide_weak_route, has_a_weaker_requirement_than_a_route_inside_it)
{
    struct row {
        const char* why;
        const char* routes;
        const char* at; // the warning's place and beginning; empty if none is expected
    };
    const row rows[] = {
        {"a public catch-all", "  /{r...}: {GET: public}\n  /x: {GET: a}\n",
         "5:13: \"/{r...}\" (GET) surrounds 1 stricter route: \"/x\";"},
        {"below a folder", "  /f/{r...}: {GET: public}\n  /f/x/y: {GET: a}\n", "5:15: \"/f/{r...}\" (GET) "},
        {"outside of the folder", "  /f/{r...}: {GET: public}\n  /x: {GET: a}\n", ""},
        {"a parameter beside a literal", "  /x/{id}: {GET: a}\n  /x/export: {GET: b}\n",
         "5:13: \"/x/{id}\" (GET) surrounds 1 stricter route: \"/x/export\";"},
        {"a parameter in the middle", "  /x/{id}/y: {GET: authenticated}\n  /x/me/y: {GET: b}\n", "5:15: "},
        {"a parameter before a literal", "  /{v}/x: {GET: a}\n  /v1/x: {GET: b}\n", "5:12: "},
        {"another length", "  /x/{id}/y: {GET: a}\n  /x/me: {GET: b}\n", ""},
        {"another slash at the end", "  /x/{id}/: {GET: a}\n  /x/me: {GET: b}\n", ""},
        {"the same slash at the end", "  /x/{id}/: {GET: a}\n  /x/me/: {GET: b}\n", "5:14: "},
        {"two parameters at once", "  /{a}/{b}: {GET: a}\n  /x/y: {GET: b}\n  /x/{b}: {GET: b}\n", "5:14: "},
        {"a route between that asks for as much",
         "  /x/{r...}: {GET: public}\n  /x/{id}: {GET: a}\n  /x/me: {GET: a}\n", ""},
        {"the same needs", "  /x/{id}: {GET: a}\n  /x/export: {GET: a}\n", ""},
        {"the narrower is public", "  /x/{id}: {GET: a}\n  /x/export: {GET: public}\n", ""},
        {"the narrower takes any token", "  /x/{id}: {GET: a}\n  /x/me: {GET: authenticated}\n", ""},
        {"a scope that implies the other's", "  /x/{id}: {GET: d}\n  /x/me: {GET: a}\n", ""},
        {"the other way round", "  /x/{id}: {GET: a}\n  /x/me: {GET: d}\n", "5:13: "},
        {"more scopes than the other", "  /x/{id}: {GET: [a, b]}\n  /x/me: {GET: a}\n", ""},
        {"fewer scopes than the other", "  /x/{id}: {GET: a}\n  /x/me: {GET: [a, b]}\n", "5:13: "},
        {"each alternative is one of the other's",
         "  /x/{id}: {GET: {any: [a, b]}}\n  /x/me: {GET: {any: [b, c, a]}}\n", ""},
        {"one alternative is not", "  /x/{id}: {GET: {any: [a, b]}}\n  /x/me: {GET: {any: [b, c]}}\n",
         "5:13: "},
        {"an older login",
         "  /x/{id}: {GET: {scopes: a, max_age: 2m}}\n  /x/me: {GET: {scopes: a, max_age: 1m}}\n", "5:13: "},
        {"a login that is recent enough",
         "  /x/{id}: {GET: {scopes: a, max_age: 1m}}\n  /x/me: {GET: {scopes: a, max_age: 2m}}\n", ""},
        {"one value of a list is as strict as any of them",
         "  /{y}/{id}: {GET: {scopes: a, where: {y: t}}}\n  /{y}/me: {GET: {scopes: a, where: {y: {in: "
         "t}}}}\n",
         ""},
        {"any value of a list may be another",
         "  /{y}/{id}: {GET: {scopes: a, where: {y: {in: t}}}}\n  /{y}/me: {GET: {scopes: a, where: {y: "
         "t}}}\n",
         "5:15: "},
        {"a weaker login", "  /x/{id}: {GET: a}\n  /x/me: {GET: {scopes: a, acr: [mfa]}}\n", "5:13: "},
        {"a login that is strong enough",
         "  /x/{id}: {GET: {scopes: a, acr: [mfa]}}\n  /x/me: {GET: {scopes: a, acr: [gold, mfa]}}\n", ""},
        {"the same owner",
         "  /{u}/{t}: {GET: {scopes: a, where: {u: sub}}}\n"
         "  /{v}/x: {GET: {scopes: a, where: {v: sub}}}\n",
         ""},
        {"everybody's", "  /{u}/{t}: {GET: a}\n  /{v}/x: {GET: {scopes: a, where: {v: sub}}}\n", "5:14: "},
        {"the owner by another claim",
         "  /{u}/{t}: {GET: {scopes: a, where: {u: name}}}\n"
         "  /{v}/x: {GET: {scopes: a, where: {v: sub}}}\n",
         "5:14: "},
        {"a segment that is the token's own",
         "  /x/{u}: {GET: {scopes: a, where: {u: sub}}}\n  /x/all: {GET: b}\n", ""},
        {"observed only", "  /x/{id}: {GET: {scopes: b, mode: observe}}\n  /x/me: {GET: b}\n", "5:13: "},
        {"the narrower is observed only", "  /x/{id}: {GET: a}\n  /x/me: {GET: {scopes: b, mode: observe}}\n",
         ""},
        {"another method", "  /x/{id}: {GET: a, PUT: b}\n  /x/me: {PUT: b}\n", ""},
        {"a method that the narrower lacks", "  /x/{id}: {GET: a, PUT: a}\n  /x/me: {GET: a}\n", ""},
        {"HEAD on its own", "  /x/{id}: {GET: b, HEAD: a}\n  /x/me: {GET: b}\n", "5:21: "},
        {"ANY against a method", "  /x/{id}: {GET: b, ANY: a}\n  /x/me: {GET: b, PUT: b}\n",
         "5:21: \"/x/{id}\" (ANY) "},
        {"a method against ANY", "  /x/{id}: {GET: b, PUT: a}\n  /x/me: {ANY: b}\n",
         "5:21: \"/x/{id}\" (PUT) "},
        {"ANY against ANY", "  /x/{id}: {ANY: a}\n  /x/me: {ANY: b}\n", "5:13: "},
        {"several methods in one line",
         "  /x/{id}: {GET: b, PUT: a, DELETE: a}\n  /x/me: {GET: b, PUT: b, DELETE: b}\n",
         "5:21: \"/x/{id}\" (PUT, DELETE) surrounds 1 stricter route: \"/x/me\";"},
    };
    for (const auto& r : rows) {
        const auto said = found("routes:\n" + std::string(r.routes));
        ASSERT_EQ(said.size(), *r.at == '\0' ? 0U : 1U) << r.why << testing::PrintToString(said);
        if (!said.empty()) {
            EXPECT_THAT(said.front(), HasSubstr(r.at)) << r.why;
        }
    }
}

TEST(wide_weak_route, counts_each_stricter_route_once_and_shows_three)
{
    EXPECT_THAT(
        found("routes:\n"
              "  /{r...}:\n"
              "    GET: authenticated\n"
              "    ANY: a\n"
              "  /a/b/c: {GET: a, PUT: b}\n"
              "  /d: {GET: a}\n"
              "  /e: {GET: authenticated, PUT: a}\n"
              "  /f/{id}: {GET: b}\n"
              "  /g: {DELETE: b}\n"),
        ElementsAre("6:5: \"/{r...}\" (GET, ANY) surrounds 4 stricter routes, such as \"/a/b/c\", \"/d\" and "
                    "\"/f/{id}\"; an upstream that reads a path more loosely than Scopegate could serve one "
                    "of them instead"));
}

TEST(wide_weak_route, can_be_the_default_for_unlisted_paths)
{
    EXPECT_THAT(
        found("unlisted: authenticated\nroutes:\n  /a: {GET: a}\n  /b: {GET: b}\n  /c: {GET: public}\n"),
        ElementsAre(
            HasSubstr("4:1: \"unlisted: authenticated\" surrounds 2 stricter routes: \"/a\" and \"/b\";")));
    EXPECT_THAT(found("unlisted: authenticated\nroutes:\n  /a: {GET: authenticated}\n  /b: {GET: public}\n"),
                IsEmpty());
    EXPECT_THAT(found("unlisted: deny\nroutes:\n  /a: {GET: a}\n"), IsEmpty());
}

TEST(wide_weak_route, can_be_silenced_at_its_method)
{
    EXPECT_THAT(found("routes:\n"
                      "  /x/me: {GET: b}\n"
                      "  /x/{id}:\n"
                      "    GET: a   # scopegate: allow wide-weak-route\n"),
                IsEmpty());
}

// A comparison of all pairs of routes would take a hundred million steps here.
TEST(wide_weak_route, is_found_quickly_among_many_routes)
{
    std::string body = "unlisted: authenticated\nroutes:\n";
    for (int i = 0; i < 10'000; ++i)
        body += "  /v1/things/t" + std::to_string(i) + "/x: {GET: a, POST: b}\n";
    body += "  /v1/{r...}: {ANY: public}\n";
    EXPECT_THAT(found(body),
                ElementsAre(HasSubstr("surrounds 10000 stricter routes"),
                            HasSubstr("surrounds 10000 stricter routes, such as \"/v1/things/t0/x\"")));
}

} // namespace
} // namespace scopegate::config
