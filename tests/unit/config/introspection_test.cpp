// Tests of `issuers[].introspection` and `keys_cache`.
#include "yaml.hpp"

#include "jose/sign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using auth = policy::introspection_settings::auth;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// Returns a file whose one issuer introspects. `more` goes into `introspection: {...}`, from column 40 of
// line 2 on.
std::string file_with(const std::string& more, const std::string& beside = {})
{
    return upstream + "issuers: [{issuer: https://a.example, " + beside +
           "introspection: {url: \"https://a.example/i\", client_id: gate" + more + "}}]\n" + routes;
}

policy::issuer_settings loaded_issuer(const std::string& more, const std::string& beside = {})
{
    const auto result = load(file_with(more, beside));
    EXPECT_THAT(places(result.errors), IsEmpty());
    return result.policy ? result.policy->issuers.at(0) : policy::issuer_settings();
}

std::vector<std::string> messages(const std::string& more, const std::string& beside = {})
{
    std::vector<std::string> out;
    for (const auto& e : load(file_with(more, beside)).errors)
        out.push_back(e.message);
    return out;
}

TEST(introspection, has_sound_defaults)
{
    const auto issuer = loaded_issuer(", client_secret: s");
    ASSERT_TRUE(issuer.introspection);
    EXPECT_EQ(issuer.introspection->url, "https://a.example/i");
    EXPECT_EQ(issuer.introspection->client_id, "gate");
    EXPECT_EQ(issuer.introspection->client_secret.reveal(), "s");
    EXPECT_EQ(issuer.introspection->by, auth::basic);
    EXPECT_EQ(issuer.introspection->cache, 30s);
    EXPECT_THAT(issuer.audience, IsEmpty());
    EXPECT_FALSE(issuer.signs_tokens());
    EXPECT_EQ(loaded_issuer(", client_secret: s, auth: post, cache: 0").introspection->by, auth::post);
    EXPECT_EQ(loaded_issuer(", client_secret: s, cache: 0").introspection->cache, 0ms);
    EXPECT_TRUE(loaded_issuer(", client_secret: s", "audience: x, keys: discover, ").signs_tokens());
}

TEST(introspection, derives_the_algorithm_from_the_kind_of_the_client_key)
{
    const folder files;
    for (const auto a :
         {jose::algorithm::rs256, jose::algorithm::es256, jose::algorithm::es512, jose::algorithm::eddsa}) {
        const auto key = jose::signing_key::generate(a);
        files.write("key.pem", key.private_pem().reveal());
        const auto issuer =
            loaded_issuer(", auth: private_key_jwt, client_key: \"" + (files / "key.pem") + "\"");
        ASSERT_TRUE(issuer.introspection && issuer.introspection->client_key) << jose::name(a);
        EXPECT_EQ(issuer.introspection->by, auth::private_key_jwt);
        EXPECT_EQ(issuer.introspection->client_key->alg(), a);
        EXPECT_EQ(issuer.introspection->client_key->kid(), "") << "a PEM file has no kid";
    }
    const auto key = jose::signing_key::generate(jose::algorithm::ps384).with_kid("mine");
    files.write("key.jwk", key.private_jwk().reveal());
    const auto issuer = loaded_issuer(", auth: private_key_jwt, client_key: \"" + (files / "key.jwk") + "\"");
    ASSERT_TRUE(issuer.introspection && issuer.introspection->client_key);
    EXPECT_EQ(issuer.introspection->client_key->alg(), jose::algorithm::ps384);
    EXPECT_EQ(issuer.introspection->client_key->kid(), "mine");
}

TEST(introspection, watches_the_client_key_for_replacement)
{
    const folder files;
    files.write("key.pem", jose::signing_key::generate(jose::algorithm::es256).private_pem().reveal());
    const auto result =
        load(file_with(", auth: private_key_jwt, client_key: \"" + (files / "key.pem") + "\""));
    EXPECT_THAT(result.files, testing::Contains(files / "key.pem"));
}

TEST(introspection, requires_the_secret_of_the_chosen_authentication)
{
    const folder files;
    files.write("key.pem", jose::signing_key::generate(jose::algorithm::es256).private_pem().reveal());
    files.write("public.json", R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})");
    files.write("secret.json", R"({"kty":"oct","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})");
    files.write("empty", "");
    const auto key = [&](const std::string& name) { return ", client_key: \"" + (files / name) + "\""; };
    const std::string signs = ", auth: private_key_jwt";
    EXPECT_THAT(messages(""), ElementsAre("missing key \"client_secret\""));
    EXPECT_THAT(messages(", auth: post"), ElementsAre("missing key \"client_secret\""));
    EXPECT_THAT(messages(signs), ElementsAre(HasSubstr("missing key \"client_key\"")));
    EXPECT_THAT(messages(signs + ", client_secret: s"),
                ElementsAre(HasSubstr("missing key \"client_key\""), HasSubstr("remove the secret")));
    EXPECT_THAT(messages(signs + ", client_secret: s" + key("key.pem")),
                ElementsAre(HasSubstr("remove the secret")));
    EXPECT_THAT(messages(", client_secret: s" + key("key.pem")),
                ElementsAre(HasSubstr("needs \"auth: private_key_jwt\"")));
    EXPECT_THAT(messages(signs + key("nothing")), testing::Contains(HasSubstr("can't read the file")));
    for (const auto* bad : {"public.json", "secret.json", "empty"})
        EXPECT_THAT(messages(signs + key(bad)), testing::Contains(HasSubstr("contains no signing key")))
            << bad;
    EXPECT_THAT(messages(", client_secret: s, auth: digest"),
                ElementsAre(HasSubstr("expected basic, post or private_key_jwt")));
}

TEST(keys_cache, is_a_folder_relative_to_the_file)
{
    const folder files;
    files.write("routes.yaml", upstream + issuers + routes + "keys_cache: var/keys\n");
    const auto result = load_file(files / "routes.yaml", nothing_set);
    ASSERT_NE(result.policy, nullptr);
    EXPECT_EQ(result.policy->keys_cache, files / "var/keys");
    EXPECT_THAT(result.files, ElementsAre(files / "routes.yaml"))
        << "files that the gate writes itself must not cause a reload";
    EXPECT_EQ(load(upstream + issuers + routes + "keys_cache: /var/cache/scopegate\n").policy->keys_cache,
              "/var/cache/scopegate");
    EXPECT_EQ(load(upstream + issuers + routes).policy->keys_cache, "");
    EXPECT_THAT(errors(upstream + issuers + routes + "keys_cache: \"\"\n"),
                ElementsAre(HasSubstr("the value is empty")));
    EXPECT_THAT(errors(upstream + issuers + routes + "keys_cache: [x]\n"), testing::SizeIs(1));
}

} // namespace
} // namespace scopegate::config
