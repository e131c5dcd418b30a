// The sections scopes, limit, issuers, upstream and several small ones.
#include "yaml.hpp"

#include "config/implications.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(implications, report_one_cycle_of_scopes_that_all_imply_each_other)
{
    std::string all = "scopes:\n";
    for (int i = 0; i < 100; ++i)
        all += "  s" + std::to_string(i) + ": {implies: [\"*\"]}\n";
    EXPECT_THAT(errors(upstream + routes + all),
                ElementsAre("5:18: scopes imply each other in a cycle: s0 -> s1 -> s0"));
}

TEST(implications, report_each_of_two_cycles)
{
    EXPECT_THAT(errors(upstream + routes +
                       "scopes:\n"
                       "  a: {implies: [b]}\n"
                       "  b: {implies: [a, c]}\n"
                       "  c: {implies: [d]}\n"
                       "  d: {implies: [c]}\n"),
                ElementsAre("5:17: scopes imply each other in a cycle: a -> b -> a",
                            "7:17: scopes imply each other in a cycle: c -> d -> c"));
}

TEST(globs, match_any_run_of_characters)
{
    struct row {
        const char* pattern;
        const char* name;
        bool matches;
    };
    const row rows[] = {
        {"*", "", true},
        {"*", "x", true},
        {"*:x", "read:x", true},
        {"*:x", ":x", true},
        {"*:x", "read:xx", false},
        {"read:*", "read:x", true},
        {"read:*", "read", false},
        {"r*d:*x", "read:abcx", true},
        {"*a*b*", "xxaxxbxx", true},
        {"*a*b*", "xxbxxaxx", false},
        {"a**b", "ab", true},
        {"a*b", "acbcb", true},
        {"A*", "ab", false},
        {"x", "x", true},
        {"x", "xy", false},
        {"", "", true},
        {"?", "x", false},
        {"*.*", "a.b", true},
    };
    for (const auto& r : rows)
        EXPECT_EQ(matches_glob(r.pattern, r.name), r.matches) << r.pattern << " " << r.name;
}

std::vector<std::string> implied(const policy::policy& p, const char* scope)
{
    return p.scopes.names(p.scopes[p.scopes.find(scope).value()].closure);
}

TEST(scopes, imply_others_transitively)
{
    const auto p = policy_from_yaml(upstream + routes + R"(
scopes:
  super: {implies: [admin]}
  admin: {description: All of appointments, implies: ["*:appointments"]}
  read:appointments: See
  write:appointments: {implies: [read:appointments]}
  read:calendars: {implies: []}
  all: {implies: ["*"]}
  some*: {implies: ["*:c*"]}
)");
    EXPECT_THAT(implied(*p, "super"),
                ElementsAre("super", "admin", "read:appointments", "write:appointments"));
    EXPECT_THAT(implied(*p, "write:appointments"), ElementsAre("read:appointments", "write:appointments"));
    EXPECT_THAT(implied(*p, "read:calendars"), ElementsAre("read:calendars"));
    EXPECT_THAT(implied(*p, "some*"), ElementsAre("read:calendars", "some*"));
    EXPECT_EQ(implied(*p, "all").size(), 7U);
    EXPECT_EQ(p->scopes[1].description, "All of appointments");
    EXPECT_EQ(p->scopes[0].description, "");
}

TEST(scopes, may_be_implied_on_two_ways_without_a_cycle)
{
    EXPECT_THAT(errors(upstream + routes +
                       "scopes: {a: {implies: [b, c]}, b: {implies: [d]}, c: {implies: [d]}, d: D}\n"),
                IsEmpty());
}

TEST(scopes, are_bounded)
{
    std::string text = upstream + routes + "scopes:\n";
    for (int i = 0; i < 4097; ++i)
        text += "  s" + std::to_string(i) + ": x\n";
    EXPECT_THAT(errors(text), ElementsAre("3:1: more than 4096 scopes"));
}

TEST(scope_cap, takes_permissions_and_roles)
{
    const auto p = policy_from_yaml(upstream + routes + R"(
scopes: {a: A, b: {implies: [a]}, c: C}
limit:
  permissions: /authorization/permissions
  roles:
    claim: https://calendar.example.com/roles
    allow: {viewer: [a], editor: [b, c], nobody: []}
  absent: all
)");
    EXPECT_EQ(p->scope_cap.permissions->describe(), "/authorization/permissions");
    EXPECT_EQ(p->scope_cap.by_role->claim.describe(), "https://calendar.example.com/roles");
    EXPECT_TRUE(p->scope_cap.absent_allows_all);
    const auto& allow = p->scope_cap.by_role->allow;
    EXPECT_THAT(p->scopes.names(allow.at("editor")), ElementsAre("a", "b", "c"))
        << "with the scopes that they imply";
    EXPECT_THAT(p->scopes.names(allow.at("viewer")), ElementsAre("a"));
    EXPECT_TRUE(allow.at("nobody").empty());
    EXPECT_FALSE(
        policy_from_yaml(upstream + routes + "limit: {permissions: p}\n")->scope_cap.absent_allows_all);
}

std::shared_ptr<const policy::policy> issuer(const std::string& body)
{
    return policy_from_yaml(upstream + routes + "issuers:\n  - " + body + "\n");
}

TEST(issuers, have_production_defaults)
{
    const auto p = issuer("{issuer: https://a.example/, audience: [x, y]}");
    const auto& i = p->issuers.front();
    EXPECT_EQ(i.issuer, "https://a.example/");
    EXPECT_THAT(i.audience, ElementsAre("x", "y"));
    EXPECT_EQ(i.keys.where, policy::key_location::kind::discover);
    EXPECT_TRUE(i.algorithms.contains(jose::algorithm::eddsa));
    EXPECT_FALSE(i.algorithms.contains(jose::algorithm::hs256));
    EXPECT_EQ(i.clock_skew, std::chrono::seconds(30));
    EXPECT_EQ(i.mark.line, 4);
}

TEST(issuers, accept_every_setting)
{
    const auto p = issuer(
        R"({issuer: https://a.example, audience: x, keys: https://a.example/jwks, algorithms: [RS256, EdDSA],
     audience_claim: client_id, clock_skew: 1m, scope_claims: [scp, /x/y], token_type: at+jwt})");
    const auto& i = p->issuers.front();
    EXPECT_EQ(i.keys.where, policy::key_location::kind::url);
    EXPECT_EQ(i.keys.value, "https://a.example/jwks");
    EXPECT_TRUE(i.algorithms.contains(jose::algorithm::rs256));
    EXPECT_FALSE(i.algorithms.contains(jose::algorithm::ps256));
    EXPECT_EQ(i.audience_claim.name(), "client_id");
    EXPECT_EQ(i.clock_skew, std::chrono::seconds(60));
    ASSERT_EQ(i.scope_claims.size(), 2U);
    EXPECT_EQ(i.scope_claims[1].describe(), "/x/y");
    EXPECT_TRUE(i.access_token_only);
    const auto other = issuer("{issuer: https://a.example, audience: x, algorithms: [Ed25519]}");
    EXPECT_TRUE(other->issuers.front().algorithms.contains(jose::algorithm::eddsa)) << "RFC 9864's name";
}

TEST(issuers, need_no_keys_when_they_have_a_secret)
{
    const auto p = issuer(
        "{issuer: my-tool, audience: x, algorithms: [HS256], secret: 0123456789abcdef0123456789abcdef}");
    EXPECT_EQ(p->issuers[0].keys.where, policy::key_location::kind::none);
    EXPECT_EQ(p->issuers[0].hmac_secret.reveal().size(), 32U);
}

TEST(issuers, may_be_plain_http_on_loopback_only)
{
    for (const char* name :
         {"http://localhost:8080", "http://127.0.0.1/x", "http://127.1.2.3", "http://[::1]:9000"})
        EXPECT_EQ(issuer("{issuer: \"" + std::string(name) + "\", audience: x}")->issuers.size(), 1U) << name;
    for (const char* name : {"http://localhost.example", "http://128.0.0.1", "http://[::2]",
                             "http://127.0.0.1.example", "http://localhost@a.example"})
        EXPECT_EQ(errors(upstream + routes + "issuers: [{issuer: \"" + name + "\", audience: x}]\n").size(),
                  1U)
            << name;
}

TEST(issuers, require_claims_of_the_configured_type)
{
    const auto p = issuer(
        "{issuer: https://a.example, audience: x, require: {a: access, b: 1, c: \"1\", d: true, e: 'true', "
        "f: -1.5e3, g: 010, h: yes, i: \"\", /j/k: x, l: [x, 2, true, \"a,b\"]}}");
    std::vector<std::string> values;
    for (const auto& r : p->issuers[0].require)
        values.push_back(r.first.name() + "=" +
                         json::serialize(json::value(json::array(r.second))).substr(1));
    EXPECT_THAT(values,
                ElementsAre("a=\"access\"]", "b=1]", "c=\"1\"]", "d=true]", "e=\"true\"]", "f=-1.5e3]",
                            "g=\"010\"]", "h=\"yes\"]", "i=\"\"]", "/j/k=\"x\"]", "l=\"x\",2,true,\"a,b\"]"));
}

TEST(issuers, cause_a_warning_when_every_token_would_fail)
{
    EXPECT_THAT(warnings(upstream + routes +
                         "issuers:\n"
                         "  - {issuer: https://a.example, audience: x}\n"
                         "  - {issuer: https://a.example/, audience: x}\n"),
                ElementsAre("5:14: the issuer \"https://a.example/\" and the one in line 4 differ only by a "
                            "slash at the end: issuers are compared exactly"));
}

TEST(issuers, may_be_left_out_if_every_route_is_public)
{
    EXPECT_THAT(errors(upstream + routes), IsEmpty());
    EXPECT_THAT(errors(upstream + routes + "issuers: []\n"), IsEmpty());
    EXPECT_EQ(errors(upstream + "routes: {/x: {GET: authenticated}}\n").size(), 1U);
    EXPECT_EQ(errors(upstream + "routes: {/x: {GET: {scopes: authenticated, mode: observe}}}\n").size(), 1U);
}

TEST(upstream_section, accepts_a_url_or_a_map)
{
    struct row {
        const char* written;
        const char* host;
        int port;
        const char* unix_path;
    };
    const row rows[] = {
        {"http://127.0.0.1:3000", "127.0.0.1", 3000, ""},
        {"http://api", "api", 80, ""},
        {"http://api.internal/", "api.internal", 80, ""},
        {"http://[::1]:3000", "::1", 3000, ""},
        {"http://my_api:8080", "my_api", 8080, ""},
        {"unix:/run/api.sock", "", 0, "/run/api.sock"},
        {"{url: http://api:81}", "api", 81, ""},
        {"{url: unix:/run/x}", "", 0, "/run/x"},
        {"HTTP://api", "api", 80, ""},
    };
    for (const auto& r : rows) {
        const auto p = policy_from_yaml(routes + "upstream: " + r.written + "\n");
        EXPECT_EQ(p->upstream.addresses.front().host, r.host) << r.written;
        EXPECT_EQ(p->upstream.addresses.front().port, r.port) << r.written;
        EXPECT_EQ(p->upstream.addresses.front().unix_path, r.unix_path) << r.written;
        EXPECT_FALSE(p->upstream.tls);
    }
    for (const char* bad :
         {"http://", "http:api", "http://api:0", "http://a%20b", "http://a b", "//api", "api", "http:///x",
          "http://api?", "http://api#x", "unix:", "unix:/", "http://x@api", "http://api:80:80"})
        EXPECT_EQ(errors(routes + "upstream: \"" + bad + "\"\n").size(), 1U) << bad;
}

TEST(upstream_section, accepts_a_list_of_urls)
{
    struct row {
        const char* sentence;
        const char* written;
        std::vector<std::string> urls;
    };
    const row rows[] = {
        {"in the short form", "[http://a:3000, http://b]", {"http://a:3000", "http://b:80"}},
        {"in a map", "{url: [http://a, http://a:81]}", {"http://a:80", "http://a:81"}},
        {"unix sockets count as http", "[unix:/run/a, \"http://[::1]\"]", {"unix:/run/a", "http://[::1]:80"}},
        {"https", "[https://a, https://b:8443]", {"https://a:443", "https://b:8443"}},
        {"from the environment", "${NONE:-http://a}", {"http://a:80"}},
    };
    for (const auto& r : rows)
        EXPECT_EQ(policy_from_yaml(routes + "upstream: " + r.written + "\n")->upstream.urls(), r.urls)
            << r.sentence;
    std::string many = "http://a:1";
    for (int port = 2; port <= 65; ++port)
        many += ", http://a:" + std::to_string(port);
    EXPECT_THAT(errors(routes + "upstream: [" + many + "]\n"),
                ElementsAre(testing::HasSubstr("an upstream has at most 64 URLs")));
}

TEST(upstream_section, checks_the_certificate_for_the_host_of_each_url)
{
    const auto p = policy_from_yaml(routes + "upstream: [https://a, https://b]\n");
    EXPECT_EQ(p->upstream.server_name(0), "a");
    EXPECT_EQ(p->upstream.server_name(1), "b");
    const auto one = policy_from_yaml(
        routes + "upstream: {url: [https://a, https://b], tls: {server_name: api.internal}}\n");
    EXPECT_EQ(one->upstream.server_name(0), "api.internal");
    EXPECT_EQ(one->upstream.server_name(1), "api.internal");
}

TEST(upstream_section, has_a_host_for_requests_without_one)
{
    for (const auto& [written, host] :
         {std::pair("http://a", "a"), std::pair("http://a:443", "a:443"), std::pair("https://a", "a"),
          std::pair("unix:/run/a", "localhost"), std::pair("\"http://[::1]\"", "[::1]"),
          std::pair("\"http://[::1]:81\"", "[::1]:81"), std::pair("[http://b:81, http://a]", "b:81")})
        EXPECT_EQ(policy_from_yaml(routes + "upstream: " + written + "\n")->upstream.own_host(), host);
}

TEST(upstream_section, configures_the_forwarded_fields)
{
    using source = policy::identity_header::source;
    const auto p = policy_from_yaml(routes + R"(
upstream:
  url: http://api
  host: calendar.example.com
  authorization: strip
  headers: {X-User: sub, X_Scopes: scopes, X-Client: client_id, X-Country: /address/country, X-Own: /scopes}
)");
    EXPECT_EQ(p->upstream.host, "calendar.example.com");
    EXPECT_TRUE(p->upstream.strip_authorization);
    const auto& h = p->upstream.headers;
    ASSERT_EQ(h.size(), 5U);
    EXPECT_EQ(h[0].from, source::claim);
    EXPECT_EQ(h[0].claim.name(), "sub");
    EXPECT_EQ(h[1].from, source::scopes);
    EXPECT_EQ(h[2].from, source::client_id);
    EXPECT_EQ(h[3].claim.name(), "/address/country");
    EXPECT_EQ(h[4].from, source::claim) << "a pointer is a claim, even of that name";
    EXPECT_THAT(policy_from_yaml(routes + "upstream: {url: http://api, headers: {}}\n")->upstream.headers,
                IsEmpty());
}

TEST(upstream_section, configures_the_form_of_identity_headers)
{
    using header = policy::identity_header;
    const auto p = policy_from_yaml(routes + R"(
upstream:
  url: http://api
  headers:
    X-A: {claim: name, encode: percent}
    X-B: {claim: /a/b, encode: base64url, list: comma}
    X-C: {claim: address, encode: json}
    X-D: {claim: scopes, list: json}
    X-E: {claim: client_id}
    X-F: {claim: groups, list: space}
)");
    const auto& h = p->upstream.headers;
    ASSERT_EQ(h.size(), 6U);
    EXPECT_EQ(h[0].encode, header::encoding::percent);
    EXPECT_EQ(h[0].list, header::list_form::space);
    EXPECT_EQ(h[1].claim.name(), "/a/b");
    EXPECT_EQ(h[1].encode, header::encoding::base64url);
    EXPECT_EQ(h[1].list, header::list_form::comma);
    EXPECT_EQ(h[2].encode, header::encoding::json);
    EXPECT_EQ(h[3].from, header::source::scopes);
    EXPECT_EQ(h[3].list, header::list_form::json);
    EXPECT_EQ(h[4].from, header::source::client_id);
    EXPECT_EQ(h[4].encode, header::encoding::none);
    EXPECT_EQ(h[5].list, header::list_form::space);
}

TEST(lists_in_claims, have_the_form_that_the_file_names)
{
    using form = jose::names_claim::form;
    const auto p = policy_from_yaml(upstream + routes + R"(
issuers:
  - issuer: https://i.example
    audience: api
    scope_claims: [scp, {claim: /a/p, each: scopes}, {claim: roles, as: comma}, {claim: roles, as: list}]
scopes: {a: A}
limit:
  permissions: {claim: perms, as: keys}
  roles: {claim: groups, as: text, each: name, allow: {admin: [a]}}
)");
    const auto& claims = p->issuers[0].scope_claims;
    ASSERT_EQ(claims.size(), 4U);
    EXPECT_EQ(claims[0].as, form::space);
    EXPECT_EQ(claims[1].describe(), "/a/p[].scopes");
    EXPECT_EQ(claims[1].as, form::space);
    EXPECT_EQ(claims[2].as, form::comma);
    EXPECT_EQ(claims[3].as, form::list);
    EXPECT_EQ(p->scope_cap.permissions->as, form::keys);
    EXPECT_EQ(p->scope_cap.by_role->claim.describe(), "groups[].name");
    EXPECT_EQ(p->scope_cap.by_role->claim.as, form::text);
    const auto usual =
        policy_from_yaml(upstream + routes + "scopes: {a: A}\nlimit: {roles: {claim: r, allow: {x: [a]}}}\n");
    EXPECT_EQ(usual->scope_cap.by_role->claim.as, form::text_or_keys) << "a text is one role";
}

TEST(scopes, may_have_another_name_in_requests)
{
    const auto p = policy_from_yaml(upstream + routes +
                                    "scopes: {a: {description: A, request_as: \"api://id/a\"}, b: B, "
                                    "c: {request_as: c}}\n");
    EXPECT_EQ(p->scopes.requested_name(0), "api://id/a");
    EXPECT_EQ(p->scopes.requested_name(1), "b");
    EXPECT_EQ(p->scopes.requested_name(2), "c") << "its own name is allowed";
    EXPECT_FALSE(p->scopes.find("api://id/a")) << "a token never has it";
}

TEST(resources, take_the_routes_below_their_prefix)
{
    const auto p = policy_from_yaml(upstream + R"(
issuers:
  - {issuer: https://i.example, audience: [https://h.example, https://h.example/mcp-a, b1, b2]}
  - {issuer: https://j.example, audience: https://h.example/mcp-a}
scopes: {a: A}
routes:
  /mcp-a: {GET: a, ANY: authenticated}
  /mcp-a/{rest...}: {GET: a}
  /mcp-ab: {GET: a}
  /x/b/{id}: {GET: public}
  /y: {GET: a}
metadata:
  resources:
    /mcp-a: {resource: https://h.example/mcp-a, name: A}
    /x/b: {resource: https://h.example/b, audience: [b1, b2]}
)");
    const auto resource_of = [&](const char* path) {
        return static_cast<int>(p->match(path, "GET").needs->resource);
    };
    EXPECT_EQ(resource_of("/mcp-a"), 1);
    EXPECT_EQ(p->match("/mcp-a", "PUT").needs->resource, 1);
    EXPECT_EQ(resource_of("/mcp-a/1/2"), 1);
    EXPECT_EQ(resource_of("/mcp-ab"), 0) << "a prefix is whole segments";
    EXPECT_EQ(resource_of("/x/b/7"), 2);
    EXPECT_EQ(resource_of("/y"), 0);
    const auto& all = p->metadata.resources;
    EXPECT_THAT(all[0].audience, ElementsAre("https://h.example/mcp-a")) << "the resource itself";
    EXPECT_THAT(all[1].audience, ElementsAre("b1", "b2"));
    EXPECT_EQ(p->metadata.resource, "https://h.example") << "the first audience that is no resource's";
    EXPECT_THAT(p->issuers[0].own_audience, ElementsAre("https://h.example"));
    EXPECT_THAT(p->issuers[1].own_audience, IsEmpty()) << "its tokens count at the resources only";
    ASSERT_FALSE(p->server.authorities.empty());
    EXPECT_EQ(p->server.authorities[0].authority, "h.example");
}

TEST(metadata, is_by_default_external_url_or_the_first_audience_that_is_an_https_url)
{
    struct row {
        const char* why;
        const char* audiences;
        const char* setting;
        const char* resource;
    };
    const row rows[] = {
        {"the first", "[https://a.example, https://b.example]", "", "https://a.example"},
        {"not the names", "[api, http://a.example, https://b.example/x]", "", "https://b.example/x"},
        {"no fragment", "[\"https://a.example/#x\", https://b.example]", "", "https://b.example"},
        {"none is", "[api]", "", ""},
        {"off", "[https://a.example]", "metadata: off", ""},
        {"as set", "[https://a.example]", "metadata: {resource: https://c.example/x}", "https://c.example/x"},
        {"only named", "[https://a.example]", "metadata: {name: Calendar}", "https://a.example"},
        {"where clients reach it", "[https://a.example]", "server: {external_url: https://c.example/x/}",
         "https://c.example/x"},
        {"set before that", "[https://a.example]",
         "server: {external_url: https://c.example}\nmetadata: {resource: https://d.example}",
         "https://d.example"},
        {"plain http", "[https://a.example]", "server: {external_url: http://c.example}",
         "https://a.example"},
        {"on loopback", "[api]", "server: {external_url: http://127.0.0.1:8080}", "http://127.0.0.1:8080"},
        {"as set there", "[api]", "metadata: {resource: http://localhost:8080/mcp}",
         "http://localhost:8080/mcp"},
    };
    for (const auto& r : rows) {
        const auto p = policy_from_yaml(upstream + routes +
                                        "issuers: [{issuer: https://i.example, audience: " + r.audiences +
                                        "}]\n" + r.setting + "\n");
        EXPECT_EQ(p->metadata.resource, r.resource) << r.why;
    }
    EXPECT_EQ(policy_from_yaml(upstream + routes + issuers + "metadata: {name: Calendar}\n")->metadata.name,
              "Calendar");
    EXPECT_EQ(warnings(upstream + routes + "metadata: {name: Calendar}\n").size(), 1U)
        << "no document can exist under that name";
}

TEST(tokens_section, takes_fields_and_subprotocols_by_name)
{
    const auto p = policy_from_yaml(
        upstream + routes +
        "tokens: {from: [\"header:Cf-Access-Jwt-Assertion\", \"header:X-Forwarded-Access-Token\", "
        "\"header:X_Goog_Iap\", \"websocket:base64url.bearer.phx.\", \"websocket:token-\"]}\n");
    EXPECT_FALSE(p->tokens.header || p->tokens.websocket);
    EXPECT_THAT(p->tokens.headers,
                ElementsAre("Cf-Access-Jwt-Assertion", "X-Forwarded-Access-Token", "X_Goog_Iap"));
    EXPECT_THAT(p->tokens.subprotocols, ElementsAre("base64url.bearer.phx.", "token-"));
    const auto one = policy_from_yaml(upstream + routes + "tokens: {from: cookie:session}\n");
    EXPECT_FALSE(one->tokens.header);
    EXPECT_THAT(one->tokens.cookies, ElementsAre("session")) << "one place may stand without a list";
}

TEST(cors_section, takes_patterns_headers_and_a_maximum_age)
{
    const std::string origins = "origins: [\"https://*.example.com\", \"https://*.localhost:8443\", "
                                "\"http://localhost:*\", \"https://127.0.0.1:*\", \"http://[::1]:*\"]";
    const auto p =
        policy_from_yaml(upstream + routes + "cors: {" + origins +
                         ", credentials: true, expose_headers: [Link, X-Total-Count], max_age: 24h}\n");
    EXPECT_THAT(p->cors.origins, ElementsAre("https://*.example.com", "https://*.localhost:8443",
                                             "http://localhost:*", "https://127.0.0.1:*", "http://[::1]:*"));
    EXPECT_TRUE(p->cors.credentials);
    EXPECT_EQ(p->cors.expose_headers, "Link, X-Total-Count");
    EXPECT_EQ(p->cors.max_age, std::chrono::hours(24));
    const auto q = policy_from_yaml(upstream + routes + "cors: {" + origins + "}\n");
    EXPECT_EQ(q->cors.max_age, std::chrono::minutes(10));
    EXPECT_EQ(q->cors.expose_headers, "");
    EXPECT_EQ(
        policy_from_yaml(upstream + routes + "cors: {" + origins + ", max_age: 0}\n")->cors.max_age.count(),
        0);
}

TEST(small_sections, accept_their_keywords)
{
    const auto p =
        policy_from_yaml(upstream + routes +
                         "mode: observe\nlog: {level: error, requests: off, burst: 0, paths: unmatched}\n"
                         "paths: {case: exact, encoded_slash: keep, semicolon: keep, format: drop}\n");
    EXPECT_TRUE(p->observe);
    EXPECT_EQ(p->log.at, policy::log_settings::level::error);
    EXPECT_EQ(p->log.which, policy::log_settings::requests::off);
    EXPECT_EQ(p->log.burst, 0U);
    EXPECT_EQ(p->log.paths, policy::log_settings::path_lines::unmatched);
    EXPECT_TRUE(p->paths.case_exact && p->paths.keep_encoded_slash && p->paths.keep_semicolon);
    EXPECT_EQ(p->paths.format, http::format_rule::drop);
    const auto q = policy_from_yaml(upstream + routes +
                                    "mode: enforce\nlog: {level: debug, requests: all}\nunlisted: deny\n"
                                    "paths: {case: fold, encoded_slash: reject, semicolon: reject}\n");
    EXPECT_FALSE(q->observe || q->unlisted_authenticated);
    EXPECT_EQ(q->log.which, policy::log_settings::requests::all);
    EXPECT_EQ(q->log.burst, 1000U);
    EXPECT_EQ(q->log.paths, policy::log_settings::path_lines::none) << "paths may contain mistyped secrets";
    EXPECT_FALSE(q->paths.case_exact || q->paths.keep_encoded_slash || q->paths.keep_semicolon);
    EXPECT_EQ(q->paths.format, http::format_rule::reject);
    EXPECT_EQ(policy_from_yaml(upstream + routes + "paths: {format: keep}\n")->paths.format,
              http::format_rule::keep);
    EXPECT_THAT(errors(upstream + routes + "paths: {format: fold}\n"), testing::SizeIs(1));
}

} // namespace
} // namespace scopegate::config
