#include "tokens/discovery.hpp"

#include "tokens/key_fetch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace scopegate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(discovery, tries_openid_first_and_then_rfc_8414)
{
    EXPECT_THAT(tokens::metadata_urls("https://example.eu.auth0.com/"),
                ElementsAre("https://example.eu.auth0.com/.well-known/openid-configuration",
                            "https://example.eu.auth0.com/.well-known/oauth-authorization-server"));
    EXPECT_THAT(tokens::metadata_urls("https://login.example.com"),
                ElementsAre("https://login.example.com/.well-known/openid-configuration",
                            "https://login.example.com/.well-known/oauth-authorization-server"));
    EXPECT_THAT(tokens::metadata_urls("https://kc.example.com:8443/realms/a"),
                ElementsAre("https://kc.example.com:8443/realms/a/.well-known/openid-configuration",
                            "https://kc.example.com:8443/.well-known/oauth-authorization-server/realms/a"));
    EXPECT_THAT(tokens::metadata_urls("https://kc.example.com/realms/a/"),
                ElementsAre("https://kc.example.com/realms/a/.well-known/openid-configuration",
                            "https://kc.example.com/.well-known/oauth-authorization-server/realms/a"))
        << "RFC 8414 section 3.1: without the final slash";
    EXPECT_THAT(tokens::metadata_urls("accounts.example.com"), ElementsAre()) << "not a URL, so no document";
}

policy::issuer_settings issuer_of_name(const char* name)
{
    policy::issuer_settings out;
    out.issuer = name;
    return out;
}

struct row {
    const char* document;
    const char* failure; // empty if the uri is https://i.example/keys
};

TEST(discovery, accepts_a_document_of_exactly_this_issuer_only)
{
    const row rows[] = {
        {R"({"issuer":"https://i.example/","jwks_uri":"https://i.example/keys","more":[1]})", ""},
        {R"({"issuer":"https://i.example","jwks_uri":"https://i.example/keys"})", "another issuer"},
        {R"({"issuer":"https://I.example/","jwks_uri":"https://i.example/keys"})", "another issuer"},
        {R"({"issuer":["https://i.example/"],"jwks_uri":"https://i.example/keys"})", "another issuer"},
        {R"({"jwks_uri":"https://i.example/keys"})", "another issuer: none"},
        {R"({"issuer":"https://i.example/"})", "no jwks_uri"},
        {R"({"issuer":"https://i.example/","jwks_uri":7})", "no jwks_uri"},
        {R"({"issuer":"https://i.example/","jwks_uri":"http://i.example/keys"})", "not an https URL"},
        {R"({"issuer":"https://i.example/","jwks_uri":"/keys"})", "not an https URL"},
        {R"({"issuer":"https://i.example/","jwks_uri":"file:///etc/keys"})", "not an https URL"},
        {R"({"issuer":"https://i.example/","issuer":"x","jwks_uri":"https://i.example/keys"})",
         "not a JSON object"},
        {R"(["issuer"])", "not a JSON object"},
        {"<html>", "not a JSON object"},
        {"", "not a JSON object"},
    };
    for (const auto& r : rows) {
        SCOPED_TRACE(r.document);
        const auto uri = tokens::jwks_uri_of(r.document, issuer_of_name("https://i.example/"));
        if (*r.failure == '\0') {
            ASSERT_TRUE(uri) << uri.error().why;
            EXPECT_EQ(*uri, "https://i.example/keys");
        } else {
            ASSERT_FALSE(uri) << *uri;
            EXPECT_THAT(uri.error().why, HasSubstr(r.failure));
        }
    }
}

TEST(discovery, allows_plain_http_for_keys_on_loopback)
{
    const auto uri =
        tokens::jwks_uri_of(R"({"issuer":"http://127.0.0.1:1","jwks_uri":"http://127.0.0.1:1/keys"})",
                            issuer_of_name("http://127.0.0.1:1"));
    ASSERT_TRUE(uri);
    EXPECT_EQ(*uri, "http://127.0.0.1:1/keys");
}

TEST(discovery, never_leads_from_https_to_plain_http)
{
    const struct {
        const char *sentence, *issuer, *keys;
        bool plain_http, accepted;
    } rows[] = {
        {"plain http to plain http, if it may", "http://idp:8080", "http://idp:8080/keys", true, true},
        {"plain http to another host", "http://idp:8080", "http://other:8080/keys", true, true},
        {"plain http to plain http, if it may not", "http://idp:8080", "http://idp:8080/keys", false, false},
        {"https to plain http", "https://idp", "http://idp/keys", true, false},
        {"https to loopback", "https://idp", "http://127.0.0.1/keys", true, true},
        {"plain http to https", "http://idp:8080", "https://idp/keys", false, true},
    };
    for (const auto& row : rows) {
        const auto document =
            R"({"issuer":")" + std::string(row.issuer) + R"(","jwks_uri":")" + row.keys + R"("})";
        auto issuer = issuer_of_name(row.issuer);
        issuer.insecure_http = row.plain_http;
        EXPECT_EQ(tokens::jwks_uri_of(document, issuer).has_value(), row.accepted) << row.sentence;
    }
}

TEST(max_age, is_read_from_cache_control)
{
    using std::chrono::seconds;
    const std::pair<const char*, std::optional<seconds>> rows[] = {
        {"", {}},
        {"public, max-age=300", seconds(300)},
        {"MAX-AGE=5,must-revalidate", seconds(5)},
        {"no-store", seconds(0)},
        {"no-cache, max-age=600", seconds(0)},
        {"max-age=", {}},
        {"max-age=-1", {}},
        {"max-age=1.5", {}},
        {"max-age=99999999999999999999", {}},
        {"s-maxage=300", {}},
    };
    for (const auto& [text, age] : rows)
        EXPECT_EQ(tokens::max_age_of(text), age) << text;
}

} // namespace
