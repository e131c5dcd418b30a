// Error messages never contain a secret, even one in the wrong place: they are logged at every reload.
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string the_secret = "s3cr3t/with.odd@things#in?it";

std::vector<std::string> said(const std::string& text, const std::string& value,
                              const std::string& path = "routes.yaml")
{
    const auto result = load_text(text, path, [&](const std::string& name) {
        return name == "S" ? std::optional<std::string>(value) : std::nullopt;
    });
    auto all = places(result.errors);
    for (const auto& w : places(result.warnings))
        all.push_back(w);
    return all;
}

std::string issuer_with(const std::string& settings)
{
    return upstream + routes + scopes + "issuers: [{issuer: https://a.example, audience: x, " + settings +
           "}]\n";
}

std::string introspection_with(const std::string& settings)
{
    return issuer_with("introspection: {client_id: x, " + settings + "}");
}

TEST(secrets, are_shown_as_their_placeholder_when_they_come_from_the_environment)
{
    const std::string url = "url: https://a.example/i, ";
    const std::string files[] = {
        issuer_with("introspection: \"${S}\""),
        issuer_with("keys: \"${S}\""),
        issuer_with("keys: \"file:${S}\""),
        issuer_with("keys: \"https://idp.example/jwks?api_key=${S}#x\""),
        issuer_with("keys: \"http://idp.example/${S}\""),
        issuer_with("ca: \"${S}\""),
        issuer_with("token_type: \"${S}\""),
        issuer_with("clock_skew: \"${S}\""),
        issuer_with("algorithms: \"${S}\""),
        issuer_with("algorithms: [\"${S}\"]"),
        issuer_with("require: \"${S}\""),
        issuer_with("scope_claims: [\"${S}\", \"${S}\"]"),
        issuer_with("scope_claims: [\"/~${S}\"]"),
        issuer_with("audience_claim: \"/~${S}\""),
        issuer_with("secret_file: \"${S}\", algorithms: [HS256]"),
        introspection_with("client_secret: x, url: \"http://h.example/i?key=${S}\""),
        introspection_with(url + "client_secret: x, auth: \"${S}\""),
        introspection_with(url + "client_secret: x, cache: \"${S}\""),
        introspection_with(url + "client_secret_file: \"${S}\""),
        introspection_with(url + "auth: private_key_jwt, client_key: \"${S}\""),
        routes + "upstream: \"${S}\"\n",
        routes + "upstream: \"unix:${S}\"\n",
        routes + "upstream: \"http://h.example/${S}\"\n",
        routes + "upstream: {url: http://h.example, host: \"${S}\"}\n",
        upstream + issuers + "routes: {/x: {GET: \"${S}\"}}\n",
        upstream + issuers + "routes: {/x: {GET: [\"${S}\"]}}\n",
        upstream + issuers + scopes + "routes: {/x: {GET: {scopes: a, acr: [\"${S} x\"]}}}\n",
        upstream + issuers + "scopes: {a: {implies: [\"*${S}\"]}}\nroutes: {/x: {GET: a}}\n",
        upstream + routes + "mode: \"${S}\"\n",
        upstream + routes + "tokens: {from: [\"${S}\"]}\n",
        upstream + routes + "cors: {origins: [\"https://${S}\"]}\n",
        upstream + routes + "server: {listen: \"${S}\"}\n",
        upstream + routes + "server: {workers: \"${S}\"}\n",
        upstream + routes + "server: {proxy_protocol: \"${S}\"}\n",
        upstream + routes + "server: {external_url: \"${S}\"}\n",
        upstream + routes + "server: {trusted_proxies: [\"${S}\"]}\n",
        upstream + routes + "server: {timeouts: {idle: \"${S}\"}}\n",
        upstream + routes + "server: {limits: {headers: \"${S}\"}}\n",
    };
    for (const auto& file : files)
        EXPECT_THAT(said(file, the_secret), AllOf(Not(IsEmpty()), Each(Not(HasSubstr("s3cr3t"))))) << file;
}

TEST(secrets, are_never_suggested_when_they_come_from_the_environment)
{
    EXPECT_THAT(said(upstream + routes + "server: {trusted_proxies: [\"${S}\"]}\n", "10.7.7.7/8"),
                ElementsAre("3:28: \"${S}\" has bits beyond its prefix"));
    EXPECT_THAT(
        said(upstream + routes +
                 "issuers:\n  - {issuer: \"${S}\", audience: x}\n  - {issuer: \"${S}/\", audience: x}\n",
             "https://s3cr3t.example"),
        ElementsAre("5:14: the issuer \"${S}/\" and the one in line 4 differ only by a slash at the end: "
                    "issuers are compared exactly"));
    EXPECT_THAT(said(issuer_with("keys: \"${S}\""), "keys.json"),
                Contains("4:58: expected discover, an https URL or file:PATH, found \"${S}\""));
}

TEST(secrets, are_shown_only_as_far_as_the_file_itself_spells_them)
{
    EXPECT_THAT(said(issuer_with("keys: \"http://idp.example/jwks?api_key=s3cr3t\""), ""),
                ElementsAre(testing::StartsWith("4:58: \"http://idp.example/jwks?...\" must be https: plain "
                                                "http is for loopback hosts only")));
    EXPECT_THAT(said(issuer_with("keys: \"https://idp.example/${S}#x\""), the_secret),
                ElementsAre("4:58: \"https://idp.example/${S}#x\" has a fragment"));
}

TEST(secrets, are_named_by_their_key_when_a_file_holds_them)
{
    const folder here;
    here.write("odd", "s3cr3t");
    EXPECT_THAT(said(routes + "upstream_file: odd\n", "", here / "routes.yaml"),
                ElementsAre("2:16: the value of \"upstream_file\" is not the URL of an upstream such as "
                            "http://127.0.0.1:3000 or unix:/run/api.sock"));
    here.write("odd", "http://u:s3cr3t@h.example/?s3cr3t");
    EXPECT_THAT(said(routes + "upstream_file: odd\n", "", here / "routes.yaml"),
                Each(Not(HasSubstr("s3cr3t"))));
}

TEST(secrets, are_not_shown_in_place_of_a_file_name)
{
    EXPECT_THAT(
        said(issuer_with("algorithms: [HS256], secret_file: s3cr3t"), ""),
        ElementsAre("4:86: can't read the file that \"secret_file\" names: No such file or directory"));
    EXPECT_THAT(said(introspection_with("url: https://a.example/i, client_secret_file: s3cr3t"), ""),
                Contains(HasSubstr("can't read the file that \"client_secret_file\" names: No such file")));
}

} // namespace
} // namespace scopegate::config
