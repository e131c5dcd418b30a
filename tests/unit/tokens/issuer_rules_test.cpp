// Why a token belongs to no issuer.
#include "tokens/issuer_rules.hpp"

#include "support/reason_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace scopegate;

TEST(issuer_of, names_the_same_cause_in_whatever_order_issuers_are_listed)
{
    const std::string web = "https://id.example", domain = "spiffe://example.org";
    struct {
        const char* sentence;
        std::vector<std::string> issuers;
        const char* claims;
        cause why;
    } const rows[] = {
        {"an SVID of another trust domain",
         {web, domain},
         R"({"sub":"spiffe://other.example/web"})",
         cause::not_in_trust_domain},
        {"the same, listed the other way",
         {domain, web},
         R"({"sub":"spiffe://other.example/web"})",
         cause::not_in_trust_domain},
        {"an SVID without a path",
         {web, domain},
         R"({"sub":"spiffe://example.org"})",
         cause::not_in_trust_domain},
        {"no trust domain", {web}, R"({"sub":"ann"})", cause::iss_missing},
        {"a token with another iss",
         {domain, web},
         R"({"iss":"https://id.example/"})",
         cause::iss_differs_by_slash},
    };
    for (const auto& row : rows) {
        policy::policy policy;
        for (const auto& name : row.issuers) {
            auto& issuer = policy.issuers.emplace_back();
            issuer.issuer = name;
            issuer.keys = {policy::key_location::kind::file, "/nonexistent"};
        }
        const auto claims = json::parse(row.claims);
        EXPECT_EQ(name(test::cause_of(tokens::issuer_of(policy, *claims))), name(row.why)) << row.sentence;
    }
}

} // namespace
