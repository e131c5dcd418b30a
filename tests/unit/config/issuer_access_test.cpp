// How an issuer is reached: proxies, certificates, a token in front of the keys, plain http; and SPIFFE trust
// domains, whose keys can't be discovered.
#include "yaml.hpp"

#include "jose/sign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace scopegate::config {
namespace {

using namespace test;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// `issuer` begins in line 2, column 11.
std::string file_with(const std::string& issuer)
{
    return upstream + "issuers: [{" + issuer + ", audience: x}]\n" + routes;
}

policy::issuer_settings loaded_issuer(const std::string& issuer,
                                      const std::map<std::string, std::string>& variables = {})
{
    const auto result = load_text(
        file_with(issuer), "routes.yaml", [&](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            return found != variables.end() ? std::optional(found->second) : std::nullopt;
        });
    EXPECT_THAT(places(result.errors), IsEmpty()) << issuer;
    return result.policy ? result.policy->issuers.at(0) : policy::issuer_settings();
}

std::string proxy_of(const policy::issuer_settings& issuer, const std::string& url)
{
    const auto* proxy = issuer.proxies.of(*parse_web_url(url));
    return proxy != nullptr ? proxy->authority : "-";
}

TEST(proxy, is_the_issuers_own_or_the_environments)
{
    const std::map<std::string, std::string> variables = {{"HTTPS_PROXY", "http://env:1"},
                                                          {"NO_PROXY", "b.test"}};
    const struct {
        const char *sentence, *issuer, *url, *proxy;
    } rows[] = {
        {"the environment's", "issuer: https://a.test", "https://a.test/keys", "env:1"},
        {"an exception of the environment", "issuer: https://b.test", "https://b.test/keys", "-"},
        {"none", "issuer: https://a.test, proxy: none", "https://a.test/keys", "-"},
        {"its own", "issuer: https://a.test, proxy: http://own:2", "https://a.test/keys", "own:2"},
        {"its own, whatever NO_PROXY says", "issuer: https://b.test, proxy: http://own:2",
         "https://b.test/keys", "own:2"},
        {"its own, but not for loopback", "issuer: https://a.test, proxy: http://own:2",
         "https://127.0.0.1/keys", "-"},
        {"introspection too",
         "issuer: https://a.test, introspection: {url: \"https://a.test/i\", client_id: c, client_secret: s}",
         "https://a.test/i", "env:1"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(proxy_of(loaded_issuer(row.issuer, variables), row.url), row.proxy) << row.sentence;
    EXPECT_EQ(loaded_issuer("issuer: https://a.test, proxy: \"http://ann:p%40ss@own:2\"")
                  .proxies.https->credentials.reveal(),
              "ann:p@ss");
}

TEST(proxy, that_can_not_be_used_is_an_error_without_its_password)
{
    const struct {
        const char *value, *message;
    } rows[] = {
        {"socks5://own:2", R"("socks5://own:2" is a SOCKS proxy)"},
        {"https://own:2", R"("https://own:2" asks for TLS to the proxy itself)"},
        {"own:2", R"("own:2" is not the URL of a proxy such as http://proxy.internal:3128; write none)"},
        {"off", R"("off" is not the URL of a proxy)"},
        {"http://own:2/path", R"(has a path or query)"},
        {"https://ann:s3cret@own:2", "2:43: the proxy's URL asks for TLS"},
        {"http://ann:s3cret%0A@own:2", "the proxy's URL has a user or password"},
        {"", "the value is empty"},
    };
    for (const auto& row : rows)
        EXPECT_THAT(errors(file_with("issuer: https://a.test, proxy: \"" + std::string(row.value) + "\"")),
                    ElementsAre(AllOf(HasSubstr("2:43: "), HasSubstr(row.message), Not(HasSubstr("s3cret")))))
            << row.value;
}

TEST(proxy, of_the_environment_is_only_an_error_where_it_is_used)
{
    const auto messages = [](const std::string& issuer, const std::string& no_proxy) {
        const auto result = load_text(file_with(issuer), "routes.yaml",
                                      [&](const std::string& name) -> std::optional<std::string> {
                                          if (name == "HTTPS_PROXY")
                                              return "socks5://ann:s3cret@p:1";
                                          return name == "NO_PROXY" ? std::optional(no_proxy) : std::nullopt;
                                      });
        return places(result.errors);
    };
    EXPECT_THAT(messages("issuer: https://a.test", ""),
                ElementsAre(AllOf(HasSubstr("2:11: the environment variable HTTPS_PROXY is a SOCKS proxy"),
                                  HasSubstr("set \"proxy\" here"), Not(HasSubstr("s3cret")))));
    EXPECT_THAT(messages("issuer: https://a.test, proxy: none", ""), IsEmpty());
    EXPECT_THAT(messages("issuer: https://a.test", "a.test"), IsEmpty());
    EXPECT_THAT(messages("issuer: https://127.0.0.1:8443", ""), IsEmpty());
}

TEST(insecure_http, allows_plain_http_for_keys_with_a_warning)
{
    const std::string keys = "keys: \"http://keycloak:8080/certs\"";
    for (const auto& issuer :
         {"issuer: https://a.test, " + keys, "issuer: \"http://localhost:8080/realms/x\", " + keys,
          std::string("issuer: \"http://keycloak:8080/realms/x\"")}) {
        EXPECT_THAT(errors(file_with(issuer)),
                    Contains(HasSubstr("must be https: plain http is for loopback hosts only. In a network "
                                       "where you trust every machine, \"insecure_http: true\" allows it")))
            << issuer;
        EXPECT_THAT(errors(file_with(issuer + ", insecure_http: false")),
                    Contains(HasSubstr("must be https")));
        const auto allowed = file_with(issuer + ", insecure_http: true");
        EXPECT_THAT(errors(allowed), IsEmpty()) << issuer;
        EXPECT_THAT(warnings_named(warning::insecure_keys, allowed),
                    ElementsAre(HasSubstr("fetched without TLS")))
            << issuer;
    }
    EXPECT_THAT(
        warnings_named(warning::insecure_keys, file_with("issuer: https://a.test, insecure_http: true")),
        IsEmpty());
    EXPECT_THAT(errors(file_with("issuer: https://a.test, insecure_http: yes")),
                ElementsAre("2:51: \"yes\" is neither true nor false"));
}

TEST(insecure_http, never_allows_introspection)
{
    EXPECT_THAT(errors(file_with("issuer: https://a.test, insecure_http: true, introspection: {url: "
                                 "\"http://b.test/i\", client_id: c, client_secret: s}")),
                ElementsAre(AllOf(HasSubstr("must be https"), Not(HasSubstr("insecure_http")))));
}

TEST(keys_token_file, is_read_for_fetches_and_not_watched)
{
    const folder files;
    files.write("token", "s3cret\n");
    files.write("routes.yaml", file_with("issuer: https://a.test, keys_token_file: token"));
    const auto result = load_file(files / "routes.yaml", nothing_set);
    ASSERT_NE(result.policy, nullptr);
    EXPECT_EQ(result.policy->issuers.at(0).keys_token_file, files / "token");
    EXPECT_THAT(result.files, Not(Contains(files / "token"))) << "a new token needs no reload";
}

TEST(keys_token_file, is_an_error_where_it_can_not_be_sent)
{
    const folder files;
    files.write("token", "s3cret\n");
    files.write("set", "{}");
    const auto file = "keys_token_file: \"" + (files / "token") + "\"";
    EXPECT_THAT(errors(file_with("issuer: https://a.test, keys_token_file: absent")),
                ElementsAre("2:53: can't read the file \"absent\": No such file or directory"));
    EXPECT_THAT(errors(file_with("issuer: https://a.test, keys_token_file: /dev/null")),
                ElementsAre(HasSubstr("it is not a regular file")));
    EXPECT_THAT(errors(file_with("issuer: https://a.test, keys: \"file:" + (files / "set") + "\", " + file)),
                ElementsAre(HasSubstr("no keys are fetched for this issuer")));
    EXPECT_THAT(
        errors(file_with("issuer: https://a.test, insecure_http: true, keys: \"http://b.test/k\", " + file)),
        ElementsAre(HasSubstr("\"keys_token_file\" needs https")));
    const auto plain = errors(file_with("issuer: https://a.test, keys: \"http://b.test/k\", " + file));
    EXPECT_THAT(plain, ElementsAre(HasSubstr("; the token of \"keys_token_file\" needs https")))
        << "insecure_http would be refused next";
}

TEST(own_certificate, needs_its_key_and_something_to_fetch)
{
    const folder files;
    files.write("pem", "x");
    files.write("set", "{}");
    const auto certificate = "certificate: \"" + (files / "pem") + "\"",
               key = "key: \"" + (files / "pem") + "\"";
    const auto issuer = loaded_issuer("issuer: https://a.test, " + certificate + ", " + key);
    EXPECT_EQ(issuer.certificate_file, files / "pem");
    EXPECT_EQ(issuer.key_file, files / "pem");
    EXPECT_THAT(errors(file_with("issuer: https://a.test, " + certificate)),
                ElementsAre("2:36: \"certificate\" needs \"key\""));
    EXPECT_THAT(errors(file_with("issuer: https://a.test, " + key)),
                ElementsAre(HasSubstr("2:36: \"key\" needs \"certificate\"")));
    EXPECT_THAT(errors(file_with("issuer: https://a.test, certificate: absent, " + key)),
                ElementsAre(HasSubstr("2:49: can't read the file \"absent\"")));
    const auto keys = "keys: \"file:" + (files / "set") + "\", ";
    EXPECT_THAT(errors(file_with("issuer: https://a.test, " + keys + certificate + ", " + key)),
                ElementsAre(HasSubstr("\"certificate\" has no effect: nothing is fetched for this issuer")));
    EXPECT_THAT(errors(file_with("issuer: https://a.test, " + keys + "proxy: none")),
                ElementsAre(HasSubstr("\"proxy\" has no effect: nothing is fetched for this issuer")));
}

TEST(trust_domain, names_its_bundle_and_accepts_the_algorithms_of_spiffe)
{
    const auto issuer = loaded_issuer("issuer: \"spiffe://td.test\", keys: \"https://bundle.test/\"");
    EXPECT_TRUE(issuer.algorithms.contains(jose::algorithm::rs256));
    EXPECT_TRUE(issuer.algorithms.contains(jose::algorithm::es512));
    EXPECT_TRUE(issuer.algorithms.contains(jose::algorithm::ps384));
    EXPECT_FALSE(issuer.algorithms.contains(jose::algorithm::eddsa));
    EXPECT_FALSE(issuer.algorithms.contains(jose::algorithm::hs256));
}

TEST(trust_domain, is_refused_with_settings_that_a_jwt_svid_can_not_meet)
{
    const std::string keys = ", keys: \"https://bundle.test/\"";
    const struct {
        const char* sentence;
        std::string issuer;
        const char* message;
    } rows[] = {
        {"a path", "issuer: \"spiffe://td.test/app\"" + keys,
         "2:20: \"spiffe://td.test/app\" is not a SPIFFE"},
        {"a slash", "issuer: \"spiffe://td.test/\"" + keys, "is not a SPIFFE trust domain"},
        {"capitals", "issuer: \"spiffe://TD.test\"" + keys, "is not a SPIFFE trust domain"},
        {"no keys", "issuer: \"spiffe://td.test\"",
         "2:20: the keys of a SPIFFE trust domain can't be discovered"},
        {"discover", "issuer: \"spiffe://td.test\", keys: discover",
         "2:46: the keys of a SPIFFE trust domain"},
        {"EdDSA", "issuer: \"spiffe://td.test\", algorithms: [EdDSA]" + keys, "never signed with EdDSA"},
        {"at+jwt", "issuer: \"spiffe://td.test\", token_type: at+jwt" + keys, "never has the type at+jwt"},
        {"a secret",
         "issuer: \"spiffe://td.test\", algorithms: [HS256], secret: "
         "0123456789012345678901234567890123456789",
         "not signed with a secret"},
        {"introspection",
         "issuer: \"spiffe://td.test\", introspection: {url: \"https://a.test/i\", client_id: c, "
         "client_secret: s}" +
             keys,
         "has no introspection"},
    };
    for (const auto& row : rows)
        EXPECT_THAT(errors(file_with(row.issuer)), ElementsAre(HasSubstr(row.message))) << row.sentence;
}

} // namespace
} // namespace scopegate::config
