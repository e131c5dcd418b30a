// Warnings that depend on several keys: their places, and what prevents them.
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const std::string needing_tokens = "routes: {/x: {GET: a}}\n";

TEST(ambiguous_subject, warns_about_a_sub_that_several_issuers_can_set)
{
    const std::string second = "issuers: [{issuer: https://a.example, audience: https://api.example}, "
                               "{issuer: https://b.example, audience: https://api.example}]\n";
    const auto file = [](const std::string& who, const char* claim) {
        return upstream + who + scopes + "routes:\n  /{u}:\n    GET: {scopes: a, where: {u: " + claim +
               "}}\n    PUT: a\n";
    };
    EXPECT_THAT(warnings_named(warning::ambiguous_subject, file(second, "sub")),
                ElementsAre(StartsWith("6:5: {u} is compared with \"sub\", which each of the 2 issuers ")));
    EXPECT_EQ(warnings_named(warning::ambiguous_subject, file(second, "/sub")).size(), 1U);
    EXPECT_THAT(warnings_named(warning::ambiguous_subject, file(second, "email")), IsEmpty());
    EXPECT_THAT(warnings_named(warning::ambiguous_subject, file(issuers, "sub")), IsEmpty());
}

TEST(dotted_claim, warns_wherever_a_name_may_be_meant_as_a_path)
{
    const struct {
        const char* sentence;
        std::string more; // for the file
        const char* said; // empty: no warning
    } rows[] = {
        {"roles of the cap", "limit: {roles: {claim: realm_access.roles, allow: {r: [a]}}}\n",
         "5:24: \"realm_access.roles\" is one top-level name; for a nested claim write "
         "\"/realm_access/roles\""},
        {"permissions of the cap", "limit: {permissions: auth.scopes}\n", "\"/auth/scopes\""},
        {"a condition", "routes: {\"/{u}\": {GET: {scopes: a, where: {u: user.id}}}}\n", "\"/user/id\""},
        {"scopes", "issuers: [{issuer: https://i.test, audience: i, scope_claims: [app.scp]}]\n",
         "\"/app/scp\""},
        {"a required claim", "issuers: [{issuer: https://i.test, audience: i, require: {org.id: x}}]\n",
         "\"/org/id\""},
        {"a header", "upstream: {url: \"http://127.0.0.1:1\", headers: {X-Org: org.id}}\n", "\"/org/id\""},
        {"a name with a tilde", "limit: {permissions: a~b.c}\n", "write a JSON Pointer such as \"/a/b\""},
        {"a variable, whose value is not shown", "limit: {permissions: \"${NOT_SET:-a.b}\"}\n",
         "write a JSON Pointer such as"},
        {"a pointer", "limit: {permissions: /kubernetes.io/namespace}\n", ""},
        {"a URL", "limit: {permissions: \"https://api.example.com/roles\"}\n", ""},
        {"no dot", "limit: {permissions: permissions}\n", ""},
        {"a silenced one", "limit: {permissions: a.b} # scopegate: allow dotted-claim\n", ""},
    };
    for (const auto& r : rows) {
        auto file = r.more;
        for (const auto& line : {upstream, issuers, scopes, needing_tokens})
            if (!r.more.starts_with(line.substr(0, line.find(':') + 1)))
                file = line + file;
        const auto said = warnings_named(warning::dotted_claim, file);
        if (*r.said == '\0')
            EXPECT_THAT(said, IsEmpty()) << r.sentence;
        else
            EXPECT_THAT(said, ElementsAre(HasSubstr(r.said))) << r.sentence;
    }
}

TEST(idle_trusted_proxies, warns_if_every_client_connects_by_a_unix_socket)
{
    const struct {
        const char* sentence;
        const char* server;
        std::vector<const char*> said;
    } rows[] = {
        {"trusted proxies",
         "listen: \"unix:/run/g\", trusted_proxies: [10.0.0.1]",
         {"3:33: \"trusted_proxies\" has no effect: "}},
        {"both keys",
         "listen: \"unix:/run/g\", trusted_proxies: [10.0.0.1], client_cert: {form: xfcc}",
         {"3:33: \"trusted_proxies\"", "3:62: \"client_cert\""}},
        {"a TCP listener too", "listen: [\"unix:/run/g\", \"0.0.0.0:80\"], trusted_proxies: [10.0.0.1]", {}},
        {"the default listener", "trusted_proxies: [10.0.0.1]", {}},
        {"an empty list", "listen: \"unix:/run/g\", trusted_proxies: []", {}},
    };
    for (const auto& r : rows) {
        const auto file = upstream + routes + "server: {" + r.server + "}\n";
        EXPECT_THAT(errors(file), IsEmpty()) << r.sentence;
        const auto said = warnings_named(warning::idle_trusted_proxies, file);
        ASSERT_EQ(said.size(), r.said.size()) << r.sentence;
        for (std::size_t i = 0; i < said.size(); ++i)
            EXPECT_THAT(said[i], StartsWith(r.said[i])) << r.sentence;
    }
}

TEST(hosts_not_listed, warns_if_a_proof_counts_for_any_host)
{
    struct row {
        const char* why;
        const char* more; // for the file
        const char* at;   // the warning's place; empty if none is expected
    };
    const row rows[] = {
        {"the default", "", "0:0: "},
        {"dpop is allowed", "tokens: {dpop: allow}\n", "5:10: "},
        {"dpop is required", "tokens:\n  dpop: {mode: require}\n", "6:3: "},
        {"other settings of tokens", "tokens: {from: [header]}\n", "0:0: "},
        {"dpop is off", "tokens: {dpop: off}\n", ""},
        {"an external URL", "server: {external_url: https://api.example}\n", ""},
        {"a resource", "metadata: {resource: https://api.example}\n", ""},
        {"metadata without a resource", "metadata: {name: Calendar}\n", "0:0: "},
        {"no metadata", "metadata: off\n", "0:0: "},
    };
    for (const auto& r : rows) {
        const auto said =
            warnings_named(warning::hosts_not_listed, upstream + issuers + scopes + needing_tokens + r.more);
        ASSERT_EQ(said.size(), *r.at == '\0' ? 0U : 1U) << r.why;
        if (!said.empty()) {
            EXPECT_THAT(said.front(), StartsWith(r.at)) << r.why;
        }
    }
    EXPECT_THAT(warnings_named(warning::hosts_not_listed, upstream + routes), IsEmpty()) << "no token counts";
    EXPECT_THAT(warnings_named(warning::hosts_not_listed, "# scopegate: allow hosts-not-listed\n" + upstream +
                                                              issuers + scopes + needing_tokens),
                IsEmpty());
}

TEST(issuer_without_audience, warns_about_an_issuer_that_only_introspects)
{
    const auto file = [](const std::string& more) {
        return upstream +
               "issuers:\n  - issuer: https://a.example\n    introspection: {url: https://a.example/i, "
               "client_id: c, client_secret: s}\n" +
               more + scopes + needing_tokens;
    };
    EXPECT_THAT(warnings_named(warning::issuer_without_audience, file("")),
                ElementsAre(StartsWith("3:5: every token that this issuer reports as active is accepted")));
    EXPECT_THAT(warnings_named(warning::issuer_without_audience, file("    audience: x\n")), IsEmpty());
}

TEST(admin_exposed, warns_about_a_listener_beyond_loopback)
{
    struct row {
        const char* admin;
        bool exposed;
    };
    const row rows[] = {
        {"127.0.0.1:9901", false},
        {"127.8.0.1:9901", false},
        {"\"[::1]:9901\"", false},
        {"\"[::ffff:127.0.0.1]:9901\"", false},
        {"unix:/run/a.sock", false},
        {"off", false},
        {"0.0.0.0:9901", true},
        {"10.0.0.1:9901", true},
        {"\"[::]:9901\"", true},
        {"\"[fd00::1]:9901\"", true},
        {"\"[::ffff:10.0.0.1]:9901\"", true},
    };
    for (const auto& r : rows) {
        const auto said =
            warnings_named(warning::admin_exposed, upstream + routes + "server: {admin: " + r.admin + "}\n");
        ASSERT_EQ(said.size(), r.exposed ? 1U : 0U) << r.admin;
        if (r.exposed) {
            EXPECT_THAT(said.front(), StartsWith("3:17: ")) << r.admin;
        }
    }
    EXPECT_THAT(
        warnings_named(warning::admin_exposed, upstream + routes + "server: {health: 0.0.0.0:9902}\n"),
        IsEmpty());
}

TEST(method_in_body, warns_about_a_post_that_could_become_a_stricter_method)
{
    const auto advice = [](const std::string& body) {
        return warnings_named(warning::method_in_body, upstream + issuers + scopes + "routes:\n" + body);
    };
    EXPECT_THAT(
        advice("  /x/{id}: {POST: a, PUT: a, PATCH: b, DELETE: b}\n  /y: {POST: a}\n"),
        ElementsAre("0:0: a framework that reads the form field \"_method\" turns POST of \"/x/{id}\" into "
                    "PATCH or DELETE, which need more: turn that off in the upstream"));
    EXPECT_THAT(advice("  /x: {POST: a, PUT: b}\n  /y: {ANY: a, DELETE: b}\n  /z: {POST: public, PUT: a}\n"),
                ElementsAre(HasSubstr("into PUT, which needs more; the same applies to 2 more routes: ")));
    EXPECT_THAT(advice("  /x: {POST: a, PUT: a, DELETE: a}\n"), IsEmpty());
    EXPECT_THAT(advice("  /x: {POST: [a, b], DELETE: a}\n"), IsEmpty());
    EXPECT_THAT(advice("  /x: {GET: a, DELETE: b}\n"), IsEmpty());
}

} // namespace
} // namespace scopegate::config
