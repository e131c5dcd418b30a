// The files that `ca` and `keys: file:` name are read when the configuration is loaded, so that `check` finds
// errors before `run` does.
#include "yaml.hpp"

#include "jose/sign.hpp"
#include "support/certificate_maker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

loaded with_file(const std::string& setting, const std::string& content)
{
    const folder here;
    here.write("named", content);
    here.write("routes.yaml",
               upstream + routes + "issuers: [{issuer: https://a.example, audience: x, " + setting + "}]\n");
    return load_file(here / "routes.yaml", nothing_set);
}

TEST(key_material, must_be_pem_for_an_authority)
{
    const auto ca = scopegate::test::certificate_authority().pem();
    auto trusted = ca; // as in files of `openssl x509 -trustout` and in some distributions' bundles
    for (const std::string word : {"BEGIN ", "END "})
        trusted.insert(trusted.find(word) + word.size(), "TRUSTED ");
    for (const auto& good : {ca, "some words\n" + ca, ca + ca, trusted})
        EXPECT_THAT(places(with_file("ca: named", good).errors), IsEmpty());
    const std::string begin = "-----BEGIN CERTIFICATE-----\n";
    for (const auto& bad : {std::string(), std::string("hello"), begin, ca.substr(0, ca.size() / 2),
                            begin + "AAAA\n-----END CERTIFICATE-----\n", ca + begin})
        EXPECT_THAT(places(with_file("ca: named", bad).errors),
                    ElementsAre("3:56: the file \"named\" contains no certificate of an authority in PEM"))
            << bad;
}

TEST(key_material, causes_a_warning_if_a_key_set_is_unusable)
{
    for (const char* bad : {"", "hello", "{}", R"({"keys":[]})", R"({"keys":[{"kty":"RSA"}]})"}) {
        const auto result = with_file("keys: \"file:named\"", bad);
        EXPECT_THAT(places(result.errors), IsEmpty()) << bad;
        EXPECT_THAT(places(result.warnings),
                    ElementsAre(HasSubstr("3:58: \"file:named\" is not a usable key set; requests with "
                                          "tokens get 503 until it is fixed: ")))
            << bad;
    }
    const auto key = jose::signing_key::generate(jose::algorithm::es256);
    EXPECT_THAT(places(with_file("keys: \"file:named\"", jose::public_jwk_set(std::span(&key, 1))).warnings),
                IsEmpty());
}

} // namespace
} // namespace scopegate::config
