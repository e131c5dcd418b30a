// SPIFFE trust domains: their names, and the tokens that belong to them.
#include "jose/spiffe.hpp"
#include "material.hpp"

#include "jose/claims.hpp"

#include <gtest/gtest.h>

namespace scopegate::jose::test {
namespace {

TEST(trust_domain, has_a_name_without_port_and_path)
{
    for (const char* good : {"spiffe://td.test", "spiffe://a", "spiffe://a_b-c.1"})
        EXPECT_TRUE(is_trust_domain(good)) << good;
    for (const char* bad : {"spiffe://", "spiffe://td.test/", "spiffe://td.test/app", "spiffe://TD.test",
                            "spiffe://td.test:8080", "spiffe://ann@td.test", "spiffe://td.test?x",
                            "spiffe://td%2etest", "SPIFFE://td.test", "https://td.test", "td.test", ""})
        EXPECT_FALSE(is_trust_domain(bad)) << bad;
    EXPECT_TRUE(is_trust_domain("spiffe://" + std::string(255, 'a')));
    EXPECT_FALSE(is_trust_domain("spiffe://" + std::string(256, 'a')));
}

TEST(trust_domain, is_that_of_the_subject_where_no_issuer_is_named)
{
    const struct {
        const char *sentence, *claims, *reason;
    } rows[] = {
        {"a workload", R"({"sub":"spiffe://td.test/app"})", "allowed"},
        {"a longer path", R"({"sub":"spiffe://td.test/ns/default/sa/My_app-1.0"})", "allowed"},
        {"the trust domain as its issuer", R"({"iss":"spiffe://td.test","sub":"spiffe://td.test/app"})",
         "allowed"},
        {"the same with a subject elsewhere", R"({"iss":"spiffe://td.test","sub":"spiffe://b.test/app"})",
         "unknown-issuer"},
        {"the same with a plain subject", R"({"iss":"spiffe://td.test","sub":"ann"})", "unknown-issuer"},
        {"another issuer and a workload", R"({"iss":"https://a.test","sub":"spiffe://td.test/app"})",
         "unknown-issuer"},
        {"an empty issuer and a workload", R"({"iss":"","sub":"spiffe://td.test/app"})", "unknown-issuer"},
        {"an issuer that is no text", R"({"iss":1,"sub":"spiffe://td.test/app"})", "malformed-token"},
        {"another trust domain", R"({"sub":"spiffe://other.test/app"})", "unknown-issuer"},
        {"a trust domain that begins alike", R"({"sub":"spiffe://td.test.evil/app"})", "unknown-issuer"},
        {"the same without a dot", R"({"sub":"spiffe://td.testevil/app"})", "unknown-issuer"},
        {"a user in the name", R"({"sub":"spiffe://td.test@evil/app"})", "unknown-issuer"},
        {"a port in the name", R"({"sub":"spiffe://td.test:1/app"})", "unknown-issuer"},
        {"no workload", R"({"sub":"spiffe://td.test"})", "unknown-issuer"},
        {"only a slash", R"({"sub":"spiffe://td.test/"})", "unknown-issuer"},
        {"a slash at the end", R"({"sub":"spiffe://td.test/app/"})", "unknown-issuer"},
        {"two slashes", R"({"sub":"spiffe://td.test//app"})", "unknown-issuer"},
        {"a dot segment", R"({"sub":"spiffe://td.test/../app"})", "unknown-issuer"},
        {"a triplet", R"({"sub":"spiffe://td.test/a%70p"})", "unknown-issuer"},
        {"a query", R"({"sub":"spiffe://td.test/app?x"})", "unknown-issuer"},
        {"another letter case", R"({"sub":"SPIFFE://td.test/app"})", "unknown-issuer"},
        {"a subject that is no text", R"({"sub":["spiffe://td.test/app"]})", "unknown-issuer"},
        {"no subject", "{}", "unknown-issuer"},
    };
    for (const auto& row : rows)
        EXPECT_EQ(outcome(check_issuer(parse_json(row.claims), "spiffe://td.test")), row.reason)
            << row.sentence;
    const auto id = R"({"sub":"spiffe://td.test/)" + std::string(2048, 'a') + "\"}";
    EXPECT_EQ(outcome(check_issuer(parse_json(id), "spiffe://td.test")), "unknown-issuer") << "too long";
    EXPECT_EQ(outcome(check_issuer(parse_json(rows[0].claims), "https://a.test")), "missing-claim")
        << "other issuers still want iss";
}

TEST(jwt_svid, may_have_the_type_jose)
{
    for (const char* typ : {"JWT", "JOSE", "jose"})
        EXPECT_EQ(outcome(check_type(std::string(typ), false, true)), "allowed") << typ;
    EXPECT_EQ(outcome(check_type(std::nullopt, false, true)), "allowed");
    EXPECT_EQ(outcome(check_type(std::string("JOSE"), false)), "wrong-token-type") << "only a JWT-SVID";
    EXPECT_EQ(outcome(check_type(std::string("logout+jwt"), false, true)), "wrong-token-type");
}

} // namespace
} // namespace scopegate::jose::test
