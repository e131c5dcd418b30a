#include "tokens/introspection.hpp"

#include "jose/base64url.hpp"
#include "jose/jws.hpp"
#include "support/introspection_endpoint.hpp"
#include "support/reason_of.hpp"
#include "support/token_maker.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using namespace scopegate;
using auth = policy::introspection_settings::auth;
using namespace std::chrono_literals;

constexpr wall_time now{1'800'000'000s};

policy::issuer_settings issuer_with(auth by)
{
    policy::issuer_settings issuer;
    issuer.issuer = "https://legacy.example";
    auto& settings = issuer.introspection.emplace();
    settings.url = "https://legacy.example/introspect";
    settings.client_id = "gate:1 ü";
    settings.client_secret = secret("p&ss+%:/ word");
    settings.by = by;
    return issuer;
}

struct kind_of_token {
    std::string sentence, token;
    tokens::token_form form;
};

TEST(token_form, is_recognized_by_the_beginning_and_the_parts)
{
    const auto encoded = [](std::string_view header) { return jose::base64url_encode(header) + ".e30.x"; };
    constexpr auto opaque = tokens::token_form::opaque, jws = tokens::token_form::jws;
    const kind_of_token rows[] = {
        {"a random string", "2YotnFZFEjr1zCsicMWpAA", opaque},
        {"nothing", "", opaque},
        {"a UUID", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", opaque},
        {"an opaque token with a dot", "ory_at_abc.def", opaque},
        {"one with two dots", "gho_a.b.c", opaque},
        {"a PASETO", "v4.public.eyJzdWIiOiJhIn0.Zm9v", opaque},
        {"one whose first part is no base64url", "a+b/.c.d", opaque},
        {"one whose first part would be a number", encoded("12345678"), opaque},
        {"a JWT", test::make_token("{}"), jws},
        {"a JWT without a signature", encoded(R"({"alg":"none"})"), jws},
        {"a JWT whose header has white space", encoded("{ \n\t\"alg\":\"RS256\"}"), jws},
        {"a header that is only white space for a while", encoded("{                 \"alg\":1}"), jws},
        {"a header that ends early", encoded(R"({"al)"), jws},
        {"an empty header", encoded("{}"), jws},
        {"the beginning of a JWT, without a dot", test::make_token("{}").substr(0, 20), opaque},
        {"a JWE", encoded(R"({"alg":"dir","enc":"A128GCM"})") + ".y.z", tokens::token_form::encrypted},
        {"a JWE without a key and a payload", jose::base64url_encode(R"({"enc":"A256GCM"})") + "..AAAA..CC",
         tokens::token_form::encrypted},
        {"five parts without enc", encoded(R"({"alg":"dir"})") + ".y.z", jws},
        {"five parts with an enc that is no text", encoded(R"({"enc":1})") + ".y.z", jws},
        {"six parts", encoded(R"({"enc":"A128GCM"})") + ".y.z.a", jws},
        {"a JWE's header in three parts", encoded(R"({"enc":"A128GCM"})"), jws},
    };
    for (const auto& row : rows)
        EXPECT_EQ(tokens::form_of(row.token), row.form) << row.sentence << ": " << row.token;
}

TEST(introspected_tokens, are_those_that_only_the_issuer_can_have_made)
{
    auto issuer = issuer_with(auth::basic);
    issuer.keys.where = policy::key_location::kind::none;
    const auto asks = [&](std::string_view token) { return tokens::is_introspected(token, issuer); };
    const auto own = test::make_token(R"({"iss":"https://legacy.example"})");
    const auto encrypted = [](const std::string& header) {
        return jose::base64url_encode(header) + ".a.b.c.d";
    };
    EXPECT_TRUE(asks("2YotnFZFEjr1zCsicMWpAA"));
    EXPECT_TRUE(asks(own)) << "a JWT of an issuer without keys";
    EXPECT_TRUE(asks(encrypted(R"({"enc":"A256GCM"})")));
    EXPECT_TRUE(asks(encrypted(R"({"enc":"A256GCM","iss":"https://legacy.example"})")));
    EXPECT_FALSE(asks(encrypted(R"({"enc":"A256GCM","iss":"https://other.example"})")));
    EXPECT_FALSE(asks(test::make_token(R"({"iss":"https://other.example"})")));
    EXPECT_FALSE(asks(test::make_token(R"({"iss":"https://legacy.example/"})")))
        << "the name differs by a slash";
    EXPECT_FALSE(asks(test::make_token(R"({"iss":["https://legacy.example"]})")));
    EXPECT_FALSE(
        asks(test::make_token(R"({"iss":"https://legacy.example","iss":"https://legacy.example"})")));
    EXPECT_FALSE(asks(own + ".x")) << "four parts";
    EXPECT_FALSE(asks(own.substr(0, own.rfind('.')))) << "two parts";
    issuer.keys.where = policy::key_location::kind::discover;
    EXPECT_FALSE(asks(own)) << "an issuer's keys take precedence";
    EXPECT_TRUE(asks("2YotnFZFEjr1zCsicMWpAA"));
    EXPECT_TRUE(asks(encrypted(R"({"enc":"A256GCM"})"))) << "the gate has no key to decrypt it";
}

TEST(introspection_request, posts_the_token_with_the_clients_credentials)
{
    const auto basic = tokens::introspection_request(issuer_with(auth::basic), "a+b c&d", now);
    EXPECT_EQ(basic.url, "https://legacy.example/introspect");
    EXPECT_EQ(basic.form, "token=a%2Bb%20c%26d&token_type_hint=access_token");
    // RFC 6749 section 2.3.1: both values are form-urlencoded before they are joined, so that a colon within
    // one is not taken for the separator.
    EXPECT_EQ(
        basic.authorization, "Basic " + [] {
            auto text = jose::base64url_encode("gate%3A1%20%C3%BC:p%26ss%2B%25%3A%2F%20word");
            std::replace(text.begin(), text.end(), '-', '+');
            std::replace(text.begin(), text.end(), '_', '/');
            return text.append((4 - text.size() % 4) % 4, '=');
        }());

    const auto post = tokens::introspection_request(issuer_with(auth::post), "t", now);
    EXPECT_EQ(post.authorization, "");
    EXPECT_EQ(test::form_parameter(post.form, "token"), "t");
    EXPECT_EQ(test::form_parameter(post.form, "client_id"), "gate:1 ü");
    EXPECT_EQ(test::form_parameter(post.form, "client_secret"), "p&ss+%:/ word");
}

TEST(introspection_request, signs_an_assertion_for_each_request)
{
    for (const auto a : {jose::algorithm::rs256, jose::algorithm::es384, jose::algorithm::eddsa}) {
        SCOPED_TRACE(jose::name(a));
        const auto key = test::key_for(a);
        auto issuer = issuer_with(auth::private_key_jwt);
        issuer.introspection->client_secret = secret("never sent");
        issuer.introspection->client_key = key.with_kid({});
        const auto request = tokens::introspection_request(issuer, "t", now);
        EXPECT_EQ(request.authorization, "");
        EXPECT_EQ(test::form_parameter(request.form, "token"), "t");
        EXPECT_EQ(test::form_parameter(request.form, "client_id"), "gate:1 ü");
        EXPECT_EQ(test::form_parameter(request.form, "client_secret"), "");
        EXPECT_EQ(test::form_parameter(request.form, "client_assertion_type"),
                  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

        const auto assertion = test::form_parameter(request.form, "client_assertion");
        const auto jws = jose::split(assertion);
        ASSERT_TRUE(jws.has_value()) << assertion;
        EXPECT_EQ(jws->header.alg, a);
        EXPECT_FALSE(jws->header.kid.has_value()) << "the key file has no kid";
        EXPECT_EQ(test::reason_of(jose::verify(*jws, *test::keys_for({a}))), reason::allowed);
        const auto claims = json::parse(jws->payload);
        ASSERT_TRUE(claims);
        EXPECT_EQ(*claims->find("iss")->if_string(), "gate:1 ü");
        EXPECT_EQ(*claims->find("sub")->if_string(), "gate:1 ü");
        EXPECT_EQ(*claims->find("aud")->if_string(), "https://legacy.example")
            << "one audience as a string, not an array";
        EXPECT_EQ(claims->find("iat")->scalar_text(), "1800000000");
        EXPECT_EQ(claims->find("exp")->scalar_text(), "1800000060");
        const auto again = tokens::introspection_request(issuer, "t", now);
        const auto second =
            json::parse(jose::split(test::form_parameter(again.form, "client_assertion")).value().payload);
        EXPECT_GE(claims->find("jti")->if_string()->size(), 16U);
        EXPECT_NE(*claims->find("jti")->if_string(), *second->find("jti")->if_string());

        issuer.introspection->client_key = key.with_kid("k 1");
        const auto named = tokens::introspection_request(issuer, "t", now);
        EXPECT_EQ(jose::split(test::form_parameter(named.form, "client_assertion")).value().header.kid,
                  "k 1");
    }
}

struct response_row {
    std::string sentence, body;
    reason why;
};

TEST(introspection_result, counts_as_active_only_for_true)
{
    const auto inactive = reason::token_inactive;
    const auto no_answer = reason::introspection_unavailable;
    const response_row rows[] = {
        {"active", R"({"active":true,"scope":"a"})", reason::allowed},
        {"inactive", R"({"active":false})", inactive},
        {"inactive, with all that a good token has", R"({"active":false,"scope":"a","exp":9e9})", inactive},
        {"no word", R"({"scope":"a"})", inactive},
        {"true as text", R"({"active":"true"})", inactive},
        {"one", R"({"active":1})", inactive},
        {"null", R"({"active":null})", inactive},
        {"in an array", R"({"active":[true]})", inactive},
        {"in other letters", R"({"Active":true,"ACTIVE":true})", inactive},
        {"deeper", R"({"data":{"active":true}})", inactive},
        {"an array", R"([{"active":true}])", no_answer},
        {"a word", "true", no_answer},
        {"nothing", "", no_answer},
        {"a web page", "<html>active</html>", no_answer},
        {"half an object", R"({"active":true)", no_answer},
        {"two objects", R"({"active":true}{"active":true})", no_answer},
        {"active twice", R"({"active":false,"active":true})", no_answer},
        {"a duplicate elsewhere", R"({"active":true,"scope":"a","scope":"b"})", no_answer},
        {"too deep", R"({"active":true,"x":)" + std::string(40, '[') + std::string(40, ']') + "}", no_answer},
        {"too long", R"({"active":true,"x":")" + std::string(70'000, 'x') + "\"}", no_answer},
        {"a JWT (RFC 9701)", test::make_token(R"({"token_introspection":{"active":true}})"), no_answer},
    };
    for (const auto& row : rows) {
        const auto result = tokens::read_introspection(row.body);
        EXPECT_EQ(name(test::reason_of(result)), name(row.why)) << row.sentence;
        EXPECT_TRUE(!result || result->if_object() != nullptr) << row.sentence;
    }
}

TEST(introspection_result, treats_null_as_absent)
{
    const auto result = tokens::read_introspection(
        R"({"active":true,"exp":null,"iss":null,"cnf":null,"sub":"ann","x":{"y":null}})");
    EXPECT_EQ(json::serialize(result.value()), R"({"active":true,"cnf":null,"sub":"ann","x":{"y":null}})");
}

} // namespace
