#include "support/certificate_maker.hpp"
#include "support/places.hpp"
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(load, reads_the_sample_without_environment_or_network)
{
    const auto result = load_file(SCOPEGATE_SOURCE "/routes.yaml", nothing_set);
    ASSERT_THAT(places(result.errors), IsEmpty());
    EXPECT_THAT(places(result.warnings), IsEmpty());
    EXPECT_THAT(result.files, ElementsAre(SCOPEGATE_SOURCE "/routes.yaml"));
    const auto& p = *result.policy;
    EXPECT_EQ(p.routes.size(), 3U);
    EXPECT_EQ(p.scopes.size(), 2U);
    EXPECT_EQ(p.requirement_count, 6U);
    EXPECT_EQ(p.realm(), "https://calendar.example.com");
    EXPECT_EQ(p.metadata.resource, "https://calendar.example.com");
    EXPECT_EQ(p.match("/appointments/7", "PUT").needs->mark.line, 62);
    EXPECT_EQ(p.match("/healthz", "GET").found, policy::route_match::outcome::route);
    EXPECT_TRUE(p.match("/healthz", "GET").needs->is_public());
}

// Returns the sample with every commented-out setting enabled. For `upstream`, the long form is enabled.
std::string uncommented_sample()
{
    const std::regex setting("^( *)# ( *[A-Za-z_./{}]+:( .*)?)$");
    std::ifstream in(SCOPEGATE_SOURCE "/routes.yaml");
    std::string out, line;
    while (std::getline(in, line)) {
        std::smatch parts;
        if (line.starts_with("upstream:") || line.starts_with("# yaml-language-server"))
            continue;
        out += std::regex_match(line, parts, setting) ? parts.str(1) + parts.str(2) : line;
        out += '\n';
    }
    return out;
}

TEST(load, reads_the_sample_with_every_comment_enabled)
{
    const folder here;
    here.write("issuer-ca.pem", scopegate::test::certificate_authority().pem());
    for (const auto* name : {"api-ca.pem", "gate.pem", "gate.key", "server.pem", "server.key", "clients.pem"})
        here.write(name, "-----BEGIN CERTIFICATE-----\n");
    here.write("issuer.token", "example\n");
    here.write("routes.yaml", uncommented_sample());
    const auto secrets = [](const std::string& name) {
        return name == "INTROSPECTION_SECRET" ? std::optional<std::string>("example") : std::nullopt;
    };
    const auto result = load_file(here / "routes.yaml", secrets);
    ASSERT_THAT(places(result.errors), IsEmpty());
    const auto& p = *result.policy;
    EXPECT_TRUE(p.upstream.strip_authorization);
    EXPECT_EQ(p.upstream.connections, 200U);
    EXPECT_EQ(p.upstream.tls->server_name, "api.internal");
    EXPECT_NE(p.server.tls->client_ca, "");
    EXPECT_TRUE(p.issuers[0].access_token_only);
    EXPECT_EQ(p.issuers[0].proxies.https->authority, "proxy.internal:3128");
    EXPECT_NE(p.issuers[0].keys_token_file, "");
    EXPECT_EQ(p.scopes.size(), 3U);
    EXPECT_EQ(p.routes.size(), 7U);
    EXPECT_EQ(p.settings_of(p.match("/exports/1", "GET").matched).body, std::uint64_t{1} << 30U);
    EXPECT_TRUE(p.scope_cap.permissions && p.scope_cap.by_role);
    EXPECT_TRUE(p.observe && p.paths.case_exact);
    EXPECT_EQ(p.metadata.name, "Calendar");
}

TEST(load, returns_every_error_and_no_policy)
{
    const auto result = load("upstream: x\nmode: y\n");
    EXPECT_EQ(result.policy, nullptr);
    EXPECT_EQ(result.errors.size(), 3U);
}

TEST(load, reports_file_line_and_column)
{
    const auto result = load_text("mode: y\n" + upstream + routes, "/etc/x.yaml", nothing_set);
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors.front().text(),
              "/etc/x.yaml:1:7: error: expected enforce or observe, found \"y\"");
}

TEST(load, reports_why_a_file_cannot_be_read)
{
    const auto result = load_file("/nowhere/routes.yaml", nothing_set);
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors.front().text(),
              "/nowhere/routes.yaml: error: can't read the file: No such file or directory");
    EXPECT_THAT(result.files, ElementsAre("/nowhere/routes.yaml"))
        << "a missing file is watched, for it may appear later";
    EXPECT_EQ(load_file("/dev/zero", nothing_set).errors.size(), 1U) << "a device never ends";
}

TEST(load, takes_values_from_the_environment)
{
    const auto result =
        load_text("upstream: http://${HOST:-localhost}:${PORT}\nserver: {workers: \"${WORKERS}\"}\n" + routes,
                  "routes.yaml", [](const std::string& name) -> std::optional<std::string> {
                      if (name == "PORT")
                          return "3000";
                      return name == "WORKERS" ? std::optional<std::string>("4") : std::nullopt;
                  });
    ASSERT_THAT(places(result.errors), IsEmpty());
    EXPECT_EQ(result.policy->upstream.addresses.front().host, "localhost");
    EXPECT_EQ(result.policy->upstream.addresses.front().port, 3000);
    EXPECT_EQ(result.policy->server.workers, 4U);
}

TEST(load, splits_lists_of_the_environment)
{
    const auto env = [](const std::string& name) -> std::optional<std::string> {
        if (name == "ORIGINS")
            return "https://a.example, https://b.example";
        if (name == "NETWORKS")
            return "10.0.0.0/8,192.0.2.1";
        if (name == "LISTEN")
            return "127.0.0.1:1,127.0.0.1:2";
        return name == "ONE" ? std::optional<std::string>("a") : std::nullopt;
    };
    const auto result = load_text(
        upstream + "issuers: [{issuer: https://i.example, audience: \"${ORIGINS}\", scope_claims: "
                   "\"${CLAIMS:-scope,scp}\"}]\n"
                   "scopes: {a: A, b: {implies: \"${IMPLIED:-a,c}\"}, c: C}\n"
                   "routes: {/x: {GET: [\"${NEEDS:-a,c}\"], PUT: [\"${ONE}\"]}}\n"
                   "cors: {origins: \"${ORIGINS}\"}\ntokens: {from: [\"${FROM:-header, websocket}\"]}\n"
                   "server: {listen: \"${LISTEN}\", trusted_proxies: [\"${NETWORKS}\", 10.1.0.0/16], "
                   "hosts: \"${ONE}\"}\n"
                   "limit: {roles: {claim: r, allow: {x: \"${ALLOWED:-a,c}\"}}}\n",
        "routes.yaml", env);
    ASSERT_THAT(places(result.errors), IsEmpty());
    const auto& p = *result.policy;
    EXPECT_THAT(p.issuers[0].audience, ElementsAre("https://a.example", "https://b.example"));
    EXPECT_EQ(p.issuers[0].scope_claims.size(), 2U);
    EXPECT_THAT(p.cors.origins, ElementsAre("https://a.example", "https://b.example"));
    EXPECT_EQ(p.routes[0].methods[0].second.alternatives.at(0).in_order.size(), 2U);
    EXPECT_EQ(p.routes[0].methods[1].second.alternatives.at(0).in_order.size(), 1U);
    EXPECT_TRUE(p.tokens.header && p.tokens.websocket);
    EXPECT_EQ(p.server.listen.size(), 2U);
    EXPECT_EQ(p.server.trusted_proxies.size(), 3U);
    EXPECT_THAT(p.server.hosts, ElementsAre("a"));
}

TEST(load, takes_true_and_false_from_the_environment_in_quotes_too)
{
    for (const char* flag : {"\"${W:-true}\"", "true"}) {
        const auto result =
            load(upstream + routes + "tokens: {dpop: {mode: allow, nonce: " + std::string(flag) + "}}\n");
        ASSERT_THAT(places(result.errors), IsEmpty()) << flag;
        EXPECT_TRUE(result.policy->tokens.dpop.nonce) << flag;
    }
    EXPECT_EQ(errors(upstream + routes + "tokens: {dpop: {mode: allow, nonce: \"true\"}}\n").size(), 1U)
        << "a quoted value is a string";
}

TEST(load, takes_values_from_files_without_their_final_newline)
{
    struct row {
        const char* why;
        std::string content;
        std::string secret;
    };
    const std::string key(32, 'k');
    const row rows[] = {
        {"none", key, key},
        {"one newline goes", key + "\n", key},
        {"that of Windows too", key + "\r\n", key},
        {"only the final one", key + "\n\n", key + "\n"},
        {"a carriage return alone is part of it", key + "\r", key + "\r"},
        {"it is not replaced", key + "${A}$$", key + "${A}$$"},
    };
    for (const auto& r : rows) {
        const folder here;
        here.write("hs.txt", r.content);
        here.write("routes.yaml",
                   upstream +
                       "issuers: [{issuer: x, audience: y, algorithms: [HS256], secret_file: hs.txt}]\n" +
                       routes);
        const auto result = load_file(here / "routes.yaml", nothing_set);
        ASSERT_THAT(places(result.errors), IsEmpty()) << r.why;
        EXPECT_EQ(result.policy->issuers[0].hmac_secret.reveal(), r.secret) << r.why;
        EXPECT_THAT(result.files, ElementsAre(here / "routes.yaml", here / "hs.txt")) << r.why;
    }
}

TEST(load, lists_every_file_to_watch_once_including_missing_ones)
{
    const folder here;
    here.write("keys.json", "{}");
    here.write("routes.yaml", upstream +
                                  "issuers:\n"
                                  "  - {issuer: https://a.example, audience: x, keys: \"file:./keys.json\"}\n"
                                  "  - {issuer: https://b.example, audience: x, keys: file:keys.json}\n"
                                  "  - {issuer: https://c.example, audience: x, ca: sub/../missing.pem}\n" +
                                  routes);
    const auto result = load_file(here / "routes.yaml", nothing_set);
    EXPECT_THAT(result.files, ElementsAre(here / "routes.yaml", here / "keys.json", here / "missing.pem"));
    EXPECT_THAT(places(result.errors),
                ElementsAre("5:50: can't read the file \"sub/../missing.pem\": No such file or directory"));
}

TEST(load, reports_an_error_behind_an_alias_once)
{
    EXPECT_THAT(
        errors(upstream + issuers + scopes + "routes:\n  /x: &r\n    GET: [a, d]\n  /y: *r\n  /z: *r\n"),
        ElementsAre("6:14: the scope \"d\" is not declared under \"scopes\""));
}

TEST(load, accepts_an_alias_wherever_its_anchor_is_valid)
{
    const auto p = policy_from_yaml(upstream + issuers + scopes + "routes:\n  /x: &r {GET: a}\n  /y: *r\n");
    EXPECT_EQ(p->match("/y", "GET").needs->alternatives.size(), 1U);
    EXPECT_EQ(p->match("/y", "GET").matched->mark.line, 6);
}

TEST(load, is_quick_with_many_routes)
{
    std::string text = upstream + issuers + scopes + "routes:\n";
    for (int i = 0; i < 10'000; ++i)
        text += "  /r" + std::to_string(i) + "/{id}: {GET: a, PUT: [a, b], DELETE: {any: [b, c]}}\n";
    const auto p = policy_from_yaml(text);
    EXPECT_EQ(p->routes.size(), 10'000U);
    EXPECT_EQ(p->requirement_count, 30'000U);
}

TEST(policy_from_yaml, throws_all_errors)
{
    try {
        static_cast<void>(policy_from_yaml("mode: x\n" + upstream));
        FAIL();
    } catch (const std::invalid_argument& e) {
        EXPECT_STREQ(e.what(), "test.yaml: error: missing key \"routes\"\n"
                               "test.yaml:1:7: error: expected enforce or observe, found \"x\"\n");
    }
}

} // namespace
} // namespace scopegate::config
