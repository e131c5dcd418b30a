#include "policy/percent.hpp"

#include <gmock/gmock.h>

namespace scopegate::policy {

namespace {

TEST(percent, is_decoded_before_a_comparison)
{
    struct {
        std::string_view encoded;
        std::string_view plain;
        bool same;
        bool same_ignoring_case;
    } const rows[] = {
        {"bob", "bob", true, true},
        {"Bob", "bob", false, true},
        {"", "", true, true},
        {"bob", "bo", false, false},
        {"bo", "bob", false, false},
        {"auth0%7C123", "auth0|123", true, true},
        {"auth0%7c123", "auth0|123", true, true},
        {"auth0%7C123", "auth0%7C123", false, false},
        {"%C3%A9", "\xC3\xA9", true, true},
        {"%C3%A9", "\xC3\x89", false, true}, // letter case beyond ASCII
        {"%2542", "%42", true, true},        // decoded once, not twice
        {"%2542", "B", false, false},
        {"%4", "%4", true, true},
        {"%", "%", true, true},
        {"%zz", "%zz", true, true},
        {"a%", "a", false, false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(decodes_to(row.encoded, row.plain), row.same) << row.encoded << ' ' << row.plain;
        EXPECT_EQ(decodes_to_ignoring_case(row.encoded, row.plain), row.same_ignoring_case)
            << row.encoded << ' ' << row.plain;
        EXPECT_EQ(decoded(row.encoded) == row.plain, row.same) << row.encoded << ' ' << row.plain;
    }
}

} // namespace

} // namespace scopegate::policy
