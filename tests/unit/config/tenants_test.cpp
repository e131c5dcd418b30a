// Tests of `issuers[].tenants`, `grants`, and the warning about issuers that grant everything.
#include "yaml.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scopegate::config {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using kind = policy::key_location::kind;

const std::string secured = "scopes: {a: A, b: B, 'c:x': C, 'c:y': {implies: [a]}}\nroutes: {/x: {GET: a}}\n";

std::shared_ptr<const policy::policy> with_issuers(const std::string& list)
{
    const auto result = load(upstream + secured + "issuers:\n" + list);
    EXPECT_THAT(places(result.errors), IsEmpty());
    return result.policy;
}

TEST(tenants, become_one_issuer_each_if_they_are_listed)
{
    const auto p =
        with_issuers("  - {issuer: 'https://a.example/{tenantid}/v2.0', tenants: [one, Two], audience: x,"
                     " keys: 'https://a.example/{tenant}/keys', grants: [b]}\n");
    ASSERT_EQ(p->issuers.size(), 2U);
    EXPECT_EQ(p->issuers[0].issuer, "https://a.example/one/v2.0");
    EXPECT_EQ(p->issuers[1].issuer, "https://a.example/Two/v2.0");
    EXPECT_EQ(p->issuers[1].tenant, "Two");
    EXPECT_EQ(p->issuers[1].keys.value, "https://a.example/Two/keys");
    EXPECT_FALSE(p->issuers[1].any_tenant());
    EXPECT_FALSE(p->issuers[1].keys_per_tenant());
    EXPECT_TRUE(p->issuers[1].pattern);
}

TEST(tenants, stay_one_issuer_if_there_may_be_any)
{
    const auto p =
        with_issuers("  - {issuer: 'https://a.example/{tenant}', tenants: any, audience: x, grants: [b]}\n"
                     "  - {issuer: 'https://b.example/{tenant}', tenants: any, audience: x,"
                     " require: {ver: 2}, keys: https://b.example/keys}\n"
                     "  - {issuer: 'https://c.example/{tenant}', tenants: any, audience: x,"
                     " require: {ver: 2}, keys: 'https://c.example/{tenant}/keys'}\n");
    ASSERT_EQ(p->issuers.size(), 3U);
    for (const auto& i : p->issuers)
        EXPECT_TRUE(i.any_tenant());
    EXPECT_TRUE(p->issuers[0].keys_per_tenant());
    EXPECT_FALSE(p->issuers[1].keys_per_tenant());
    EXPECT_TRUE(p->issuers[2].keys_per_tenant());
}

TEST(grants, are_resolved_with_what_they_imply)
{
    const auto p = with_issuers("  - {issuer: https://a.example, audience: x, grants: ['c:*']}\n"
                                "  - {issuer: https://b.example, audience: x, grants: ['*']}\n"
                                "  - {issuer: https://c.example, audience: x, grants: [b]}\n");
    EXPECT_THAT(p->scopes.names(*p->issuers[0].grants), ElementsAre("a", "c:x", "c:y"));
    EXPECT_EQ(p->issuers[1].grants->size(), 4U);
    EXPECT_THAT(p->scopes.names(*p->issuers[2].grants), ElementsAre("b"));
}

std::vector<std::string> grant_warnings(const std::string& list)
{
    return warnings_named(warning::issuer_grants_everything, upstream + secured + "issuers:\n" + list);
}

TEST(grants, are_missed_as_soon_as_there_are_two_issuers)
{
    const std::string a = "  - {issuer: https://a.example, audience: x}\n";
    const std::string b = "  - {issuer: https://b.example, audience: x, grants: ['*']}\n";
    const std::string tenants =
        "  - {issuer: 'https://c.example/{tenant}', tenants: [one, two], audience: x}\n";
    EXPECT_THAT(grant_warnings(a), IsEmpty());
    EXPECT_THAT(grant_warnings(tenants), IsEmpty()) << "the tenants of one entry are alike";
    EXPECT_THAT(grant_warnings(b + "  - {issuer: https://d.example, audience: x, grants: [a]}\n"), IsEmpty());
    EXPECT_THAT(grant_warnings(a + b), ElementsAre(HasSubstr("5:5: this issuer can give every scope")));
    EXPECT_THAT(grant_warnings(b + tenants), ElementsAre(HasSubstr("6:5: this issuer can give every scope")));
}

TEST(issuer_condition, names_issuers_and_tenants)
{
    const auto condition = [](const std::string& list) {
        const auto result =
            load(upstream + "scopes: {a: A}\nroutes: {/x: {GET: {scopes: a, issuer: " + list +
                 "}}}\nissuers:\n"
                 "  - {issuer: https://a.example, audience: x}\n"
                 "  - {issuer: 'https://b.example/{tenant}', tenants: [one, two], audience: x}\n"
                 "  - {issuer: 'https://c.example/{tenant}', tenants: any, audience: x, grants: [a]}\n");
        EXPECT_THAT(places(result.errors), IsEmpty()) << list;
        return *policy::find<policy::issuer_condition>(
            result.policy->routes.at(0).methods.at(0).second.conditions);
    };
    EXPECT_THAT(condition("[https://a.example]").names, ElementsAre("https://a.example"));
    EXPECT_THAT(condition("['https://b.example/{tenant}']").names,
                ElementsAre("https://b.example/one", "https://b.example/two"));
    EXPECT_THAT(condition("[https://b.example/two]").names, ElementsAre("https://b.example/two"));
    EXPECT_THAT(condition("['https://c.example/{tenant}']").of_any_tenant, ElementsAre(3U));
    EXPECT_THAT(condition("[https://c.example/seven]").names, ElementsAre("https://c.example/seven"));
}

TEST(issuer_condition, names_no_pattern_of_two_entries)
{
    const auto result =
        load(upstream + "scopes: {a: A}\nroutes: {/x: {GET: {scopes: a, issuer: "
                        "['https://b.example/{tenant}', https://b.example/one]}}}\nissuers:\n"
                        "  - {issuer: 'https://b.example/{tenant}', tenants: [one, two], audience: x,"
                        " grants: [a]}\n"
                        "  - {issuer: 'https://b.example/{tenantid}', tenants: any, audience: x,"
                        " grants: [a]}\n");
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_THAT(places(result.errors), ElementsAre(HasSubstr("two entries of \"issuers\" have the pattern")));
}

TEST(introspection, may_be_for_jwts_too_and_signed)
{
    const auto p =
        with_issuers("  - {issuer: https://a.example, audience: x, keys: discover, introspection: {"
                     "url: https://a.example/i, client_id: g, client_secret: s, also: jwt, signed: true}}\n");
    EXPECT_TRUE(p->issuers[0].introspection->also_jwts);
    EXPECT_TRUE(p->issuers[0].introspection->signed_results);
}

} // namespace
} // namespace scopegate::config
