#include "base/percent.hpp"

#include <gtest/gtest.h>

namespace scopegate {
namespace {

struct row {
    std::string_view encoded;
    std::string_view plain;
};

TEST(percent, is_decoded)
{
    const row rows[] = {
        {"bob", "bob"},
        {"", ""},
        {"auth0%7C123", "auth0|123"},
        {"auth0%7c123", "auth0|123"},
        {"%C3%A9", "\xC3\xA9"},
        {"%2542", "%42"}, // decoded once, not twice
        {"a%20b%41%", "a bA%"},
        {"%4", "%4"},
        {"%", "%"},
        {"%zz", "%zz"},
        {"%4%zz%00", {"%4%zz\0", 6}},
        {"%/9%:0%@1%G1%`1%g1", "%/9%:0%@1%G1%`1%g1"}, // neighbors of the digits
    };
    for (const auto& r : rows) {
        EXPECT_EQ(percent_decode(r.encoded), r.plain) << r.encoded;
        EXPECT_TRUE(decodes_to(r.encoded, r.plain)) << r.encoded;
    }
}

TEST(percent, is_decoded_before_a_comparison)
{
    const row rows[] = {
        {"Bob", "bob"},         {"bob", "bo"},  {"bo", "bob"}, {"auth0%7C123", "auth0%7C123"},
        {"%C3%A9", "\xC3\x89"}, {"%2542", "B"}, {"a%", "a"},   {"", "a"},
    };
    for (const auto& r : rows)
        EXPECT_FALSE(decodes_to(r.encoded, r.plain)) << r.encoded << ' ' << r.plain;
}

TEST(percent, encodes_every_byte)
{
    for (int byte = 0; byte < 256; ++byte) {
        const auto c = static_cast<char>(byte);
        std::string text;
        append_triplet(text, c);
        EXPECT_EQ(percent_decode(text), std::string(1, c)) << text;
        EXPECT_EQ(text.size(), 3U);
        EXPECT_EQ(text.find_first_of("abcdef"), std::string::npos) << text;
    }
}

} // namespace
} // namespace scopegate
