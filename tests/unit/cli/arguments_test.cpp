#include "cli/arguments.hpp"

#include "cli/commands.hpp"

#include <gmock/gmock.h>

namespace scopegate::cli {
namespace {

using namespace std::chrono_literals;

struct time_row {
    const char* text;
    std::int64_t seconds; // -1 if the text is refused
};

TEST(arguments, understand_times)
{
    const time_row rows[] = {
        {"0", 0},
        {"1800000000", 1'800'000'000},
        {"1970-01-01T00:00:00Z", 0},
        {"2027-01-15T08:00:00Z", 1'800'000'000},
        {"2027-01-15T08:00:00.999Z", 1'800'000'000},
        {"2027-01-15T09:30:00+01:30", 1'800'000'000},
        {"2027-01-15T07:00:00-01:00", 1'800'000'000},
        {"2024-02-29t00:00:00z", 1'709'164'800},
        {"2023-02-29T00:00:00Z", -1},
        {"2027-01-15", -1},
        {"2027-01-15T08:00:00", -1},
        {"2027-01-15T24:00:00Z", -1},
        {"2027-01-15T08:60:00Z", -1},
        {"2027-01-15T08:00:00.Z", -1},
        {"2027-01-15T08:00:00Zx", -1},
        {"2027-1-15T08:00:00Z", -1},
        {"-1", -1},
        {"+1", -1},
        {"99999999999999", -1},
        {"now", -1},
        {"", -1},
    };
    for (const auto& row : rows) {
        if (row.seconds < 0)
            EXPECT_THROW((void)parse_time(row.text), usage_error) << row.text;
        else
            EXPECT_EQ(parse_time(row.text).time_since_epoch(), std::chrono::seconds(row.seconds)) << row.text;
    }
}

TEST(arguments, understand_durations)
{
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("7d"), 7 * 24h);
    EXPECT_EQ(parse_duration("-1m"), -1min);
    EXPECT_EQ(parse_duration("0s"), 0s);
    for (const auto* bad :
         {"", "s", "30", "1 h", "1.5h", "1w", "h1", "9223372036854775807h", "40000d", "+1h"})
        EXPECT_THROW((void)parse_duration(bad), usage_error) << bad;
}

TEST(arguments, read_claims_from_text)
{
    EXPECT_EQ(json::serialize(read_claims(R"({"sub": "ann"})")), R"({"sub":"ann"})");
    EXPECT_THROW((void)read_claims(R"({"sub": "ann", "sub": "bob"})"), input_error);
    EXPECT_THROW((void)read_claims("{"), input_error);
    EXPECT_THROW((void)read_claims("/nonexistent/claims.json"), input_error);
    EXPECT_THROW((void)read_claims("/dev/null"), input_error) << "an empty file is not an object";
}

struct claim_row {
    const char* object;
    const char* name;
    const char* result;
};

TEST(arguments, set_a_claim_at_the_place_that_routes_yaml_reads)
{
    const claim_row rows[] = {
        {R"({})", "scope", R"({"scope":"x"})"},
        {R"({"scope":"y","a":1})", "scope", R"({"scope":"x","a":1})"},
        {R"({})", "https://a.example/roles", R"({"https://a.example/roles":"x"})"},
        {R"({})", "/realm_access/scope", R"({"realm_access":{"scope":"x"}})"},
        {R"({"realm_access":{"b":1}})", "/realm_access/scope", R"({"realm_access":{"b":1,"scope":"x"}})"},
        {R"({"realm_access":7})", "/realm_access/scope", R"({"realm_access":{"scope":"x"}})"},
        {R"({})", "/a~1b/c~0d", R"({"a/b":{"c~d":"x"}})"},
    };
    for (const auto& row : rows) {
        const auto made = with_claim(*json::parse(row.object), row.name, json::value(std::string("x")));
        EXPECT_EQ(json::serialize(made), row.result) << row.name;
        EXPECT_NE(json::path(row.name).find(made), nullptr) << row.name;
    }
}

TEST(arguments, merge_claims_with_later_ones_winning)
{
    const auto made = merged(*json::parse(R"({"a":1,"b":2})"), *json::parse(R"({"b":3,"/c":4})"));
    EXPECT_EQ(json::serialize(made), R"({"a":1,"b":3,"/c":4})");
}

} // namespace
} // namespace scopegate::cli
