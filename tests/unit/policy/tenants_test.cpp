#include "policy/policy.hpp"

#include <gtest/gtest.h>

namespace scopegate::policy {

namespace {

TEST(tenant_pattern, needs_one_placeholder_as_a_whole_segment_of_the_path)
{
    struct {
        const char* sentence;
        const char* url;
        const char* found; // before|after, or nothing
    } const rows[] = {
        {"in the middle", "https://a.example/{tenant}/v2.0", "https://a.example/|/v2.0"},
        {"at the end", "https://a.example/realms/{tenant}", "https://a.example/realms/|"},
        {"before a slash at the end", "https://a.example/{tenantid}/", "https://a.example/|/"},
        {"in a host", "https://{tenant}.example/v2.0", nullptr},
        {"as the host", "https://{tenant}/v2.0", nullptr},
        {"in a user name", "https://{tenant}@a.example/v2.0", nullptr},
        {"in part of a segment", "https://a.example/x-{tenant}/v2.0", nullptr},
        {"before more text", "https://a.example/{tenant}x/v2.0", nullptr},
        {"twice", "https://a.example/{tenant}/{tenant}", nullptr},
        {"in a query", "https://a.example/?t=/{tenant}/", nullptr},
        {"in a fragment", "https://a.example/#/{tenant}/", nullptr},
        {"with another name", "https://a.example/{id}/v2.0", nullptr},
        {"not closed", "https://a.example/{tenant", nullptr},
        {"without one", "https://a.example/tenant/v2.0", nullptr},
        {"without a scheme", "a.example/{tenant}/v2.0", nullptr},
        {"nothing", "", nullptr},
    };
    for (const auto& row : rows) {
        const auto found = tenant_pattern_of(row.url);
        ASSERT_EQ(found.has_value(), row.found != nullptr) << row.sentence;
        if (found) {
            EXPECT_EQ(found->before + "|" + found->after, row.found) << row.sentence;
        }
    }
}

TEST(tenant_pattern, fits_a_name_byte_for_byte)
{
    const auto pattern = tenant_pattern_of("https://a.example/{tenant}/v2.0").value();
    const std::string most(64, 'x'), more(65, 'x');
    struct {
        const char* sentence;
        std::string name;
        std::optional<std::string> tenant;
    } const rows[] = {
        {"a GUID", "https://a.example/11111111-2222-3333-4444-555555555555/v2.0",
         "11111111-2222-3333-4444-555555555555"},
        {"a domain", "https://a.example/contoso.onmicrosoft.com/v2.0", "contoso.onmicrosoft.com"},
        {"an underscore", "https://a.example/eu_1/v2.0", "eu_1"},
        {"64 characters", "https://a.example/" + most + "/v2.0", most},
        {"65 characters", "https://a.example/" + more + "/v2.0", std::nullopt},
        {"no tenant", "https://a.example//v2.0", std::nullopt},
        {"the pattern itself", "https://a.example/{tenant}/v2.0", std::nullopt},
        {"a slash at the end", "https://a.example/t/v2.0/", std::nullopt},
        {"without the suffix", "https://a.example/t", std::nullopt},
        {"an upper-case host", "https://A.example/t/v2.0", std::nullopt},
        {"an upper-case path", "https://a.example/t/V2.0", std::nullopt},
        {"another scheme", "http://a.example/t/v2.0", std::nullopt},
        {"another host before", "https://b.example/https://a.example/t/v2.0", std::nullopt},
        {"two segments", "https://a.example/t/u/v2.0", std::nullopt},
        {"an encoded slash", "https://a.example/t%2Fu/v2.0", std::nullopt},
        {"an encoded letter", "https://a.example/%74/v2.0", std::nullopt},
        {"a dot", "https://a.example/./v2.0", std::nullopt},
        {"two dots", "https://a.example/../v2.0", std::nullopt},
        {"a query", "https://a.example/t?/v2.0", std::nullopt},
        {"a fragment", "https://a.example/t#/v2.0", std::nullopt},
        {"a line end", "https://a.example/t\r\n/v2.0", std::nullopt},
        {"a null byte", std::string("https://a.example/t\0/v2.0", 25), std::nullopt},
        {"a letter beyond ASCII", "https://a.example/t\xC3\xA4/v2.0", std::nullopt},
        {"an endpoint of several tenants", "https://a.example/common/v2.0", std::nullopt},
        {"the same in other letters", "https://a.example/Organizations/v2.0", std::nullopt},
        {"nothing", "", std::nullopt},
    };
    for (const auto& row : rows) {
        const auto tenant = pattern.tenant_in(row.name);
        EXPECT_EQ(tenant ? std::optional(std::string(*tenant)) : std::nullopt, row.tenant) << row.sentence;
    }
    EXPECT_EQ(pattern.name_of("t"), "https://a.example/t/v2.0");
    EXPECT_TRUE(pattern.is_written_as("https://a.example/{tenantid}/v2.0"));
    EXPECT_FALSE(pattern.is_written_as("https://a.example/t/v2.0"));
}

TEST(policy, finds_an_issuer_of_the_exact_name_before_one_of_any_tenant)
{
    policy p;
    auto& any = p.issuers.emplace_back();
    any.issuer = "https://a.example/{tenant}";
    any.pattern = tenant_pattern_of(any.issuer);
    auto& own = p.issuers.emplace_back();
    own.issuer = "https://a.example/ours";
    EXPECT_EQ(p.issuer_named("https://a.example/ours"), 1U);
    EXPECT_EQ(p.issuer_named("https://a.example/theirs"), 0U);
    EXPECT_EQ(p.issuer_named("https://a.example/{tenant}"), std::nullopt);
    EXPECT_EQ(p.issuer_named("https://a.example/ours/"), std::nullopt);
    EXPECT_EQ(p.issuer_named(""), std::nullopt);
}

} // namespace

} // namespace scopegate::policy
