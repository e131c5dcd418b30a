#include "jose/claims.hpp"
#include "material.hpp"
#include "support/reason_of.hpp"

#include <gmock/gmock.h>

namespace scopegate::jose::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds skew{30};

wall_time at(std::int64_t seconds)
{
    return wall_time(std::chrono::seconds(seconds));
}

TEST(claims, are_checked_row_by_row)
{
    const auto token =
        parse_json(R"({"iss":"https://issuer.example/","aud":"https://api.example","exp":1700000300,)"
                   R"("sub":"u1","token_use":"access","ext":{"level":2}})");
    const std::vector<std::string> audience{"https://api.example", "https://api2.example"};
    const json::path audience_claim("aud");
    const std::vector<required_claim> required{{json::path("token_use"), {text("access"), text("service")}},
                                               {json::path("/ext/level"), {json::value::number("2")}}};
    for (const auto& row : read_rows("claims.tsv", 4)) {
        auto claims = token;
        const auto change = parse_json(row[2]);
        for (const auto& [name, value] : *change.if_object())
            claims = value == text("(absent)") ? without(claims, name) : with(claims, name, value);
        const claim_rules rules{"https://issuer.example/", audience_claim, audience, required, skew,
                                row[1] == "at+jwt"};
        EXPECT_EQ(scopegate::name(scopegate::test::reason_of(check_claims(claims, rules, at(1'700'000'000)))),
                  row[0])
            << row[3] << ": " << row[2];
    }
}

TEST(claims, must_be_an_object)
{
    const json::path aud("aud");
    const claim_rules rules{"i", aud, {}, {}};
    for (const auto* text : {"[]", "null", "\"x\"", "1"})
        EXPECT_EQ(scopegate::test::reason_of(check_claims(parse_json(text), rules, at(0))),
                  reason::malformed_token)
            << text;
}

TEST(claims, may_have_their_audience_in_another_claim)
{
    const std::vector<std::string> audience{"app"};
    const auto claims = parse_json(R"({"client_id":"app","aud":"other","x":{"aud":["app"]}})");
    EXPECT_EQ(scopegate::test::reason_of(check_audience(claims, json::path("client_id"), audience)),
              reason::allowed);
    EXPECT_EQ(scopegate::test::reason_of(check_audience(claims, json::path("/x/aud"), audience)),
              reason::allowed);
    EXPECT_EQ(scopegate::test::reason_of(check_audience(claims, json::path("aud"), audience)),
              reason::wrong_audience);
    EXPECT_EQ(scopegate::test::reason_of(check_audience(claims, json::path("azp"), audience)),
              reason::missing_claim);
    EXPECT_EQ(scopegate::test::reason_of(check_audience(claims, json::path("client_id"), {})),
              reason::wrong_audience)
        << "none of the audiences is ours";
}

TEST(claims, include_the_type_of_the_header)
{
    const struct {
        std::optional<std::string> typ;
        bool any, access_token_only;
    } rows[] = {
        {std::nullopt, true, false},
        {"JWT", true, false},
        {"jwt", true, false},
        {"application/jwt", true, false},
        {"at+jwt", true, true},
        {"AT+JWT", true, true},
        {"application/at+jwt", true, true},
        {"Application/AT+jwt", true, true},
        {"", false, false},
        {"application/", false, false},
        {"application/application/jwt", false, false},
        {"JWT ", false, false},
        {"JOSE", false, false},
        {"dpop+jwt", false, false},
        {"logout+jwt", false, false},
        {"id_token+jwt", false, false},
        {"at+jwtx", false, false},
        {"text/at+jwt", false, false},
        {"at jwt", false, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(scopegate::test::reason_of(check_type(row.typ, false)) == reason::allowed, row.any)
            << row.typ.value_or("(absent)");
        EXPECT_EQ(scopegate::test::reason_of(check_type(row.typ, true)) == reason::allowed,
                  row.access_token_only)
            << row.typ.value_or("(absent)");
    }
    EXPECT_EQ(scopegate::test::reason_of(check_type("dpop+jwt", false)), reason::wrong_token_type);
}

TEST(numeric_date, has_milliseconds_and_never_overflows)
{
    const struct {
        const char* text;
        std::int64_t milliseconds;
    } rows[] = {
        {"0", 0},
        {"1700000000", 1'700'000'000'000},
        {"1700000000.5", 1'700'000'000'500},
        {"1700000000.0019", 1'700'000'000'001},
        {"1.7e9", 1'700'000'000'000},
        {"-1.5", -1'500},
        {"1e12", 1'000'000'000'000'000},
        {"1e300", 1'000'000'000'000'000},
        {"-1e300", -1'000'000'000'000'000},
        {"18446744073709551616", 1'000'000'000'000'000},
    };
    for (const auto& row : rows) {
        const auto time = numeric_date(parse_json(row.text));
        ASSERT_TRUE(time.has_value()) << row.text;
        EXPECT_EQ(time->time_since_epoch().count(), row.milliseconds) << row.text;
    }
    for (const auto* none : {R"("1700000000")", "null", "true", "[1]", "{}"})
        EXPECT_EQ(numeric_date(parse_json(none)), std::nullopt) << none;
}

TEST(scopes, are_the_union_of_the_claims)
{
    const std::vector both{names_claim(json::path("scope")), names_claim(json::path("scp"))};
    const struct {
        const char *sentence, *claims;
        std::vector<std::string_view> scopes;
    } rows[] = {
        {"a string", R"({"scope":"read:app write:app"})", {"read:app", "write:app"}},
        {"an array", R"({"scp":["read:app","write:app"]})", {"read:app", "write:app"}},
        {"a string in the array's claim", R"({"scp":"a b"})", {"a", "b"}},
        {"both, in order and without duplicates", R"({"scp":["c","a"],"scope":"a b a"})", {"a", "b", "c"}},
        {"an element with a space is one name that no scope has", R"({"scope":["a b"]})", {"a b"}},
        {"elements that are no strings", R"({"scope":["a",1,null,["b"],{"c":1},true]})", {"a"}},
        {"a claim of another type", R"({"scope":1,"scp":{"a":true}})", {}},
        {"no claim", R"({"sub":"u"})", {}},
        {"an empty string", R"({"scope":""})", {}},
        {"an empty array", R"({"scope":[]})", {}},
        {"an empty element", R"({"scope":["","a"]})", {"a"}},
        {"two spaces, one in front, one behind", R"({"scope":" a  b "})", {"a", "b"}},
        {"only spaces split", R"({"scope":"a\tb\nc,d"})", {"a\tb\nc,d"}},
        {"letter case counts", R"({"scope":"Read:App read:app"})", {"Read:App", "read:app"}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(scopes_of(parse_json(row.claims), both), row.scopes) << row.sentence;
    EXPECT_THAT(scopes_of(parse_json(R"({"x":{"permissions":["a"]}})"),
                          std::vector{names_claim(json::path("/x/permissions"))}),
                ElementsAre("a"));
    EXPECT_THAT(scopes_of(parse_json(R"({"scope":"a"})"), {}), IsEmpty());
}

} // namespace
} // namespace scopegate::jose::test
