#include "base/text.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace scopegate {
namespace {

TEST(text, counts_edits)
{
    const struct {
        const char *a, *b;
        std::size_t distance;
    } rows[] = {
        {"", "", 0},
        {"abc", "abc", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"get", "gets", 1},
        {"get", "bet", 1},
        {"routes", "ruotes", 1},
        {"ab", "ba", 1},
        {"kitten", "sitting", 3},
        {"ca", "abc", 3},
    };
    for (const auto& row : rows)
        EXPECT_EQ(edit_distance(row.a, row.b), row.distance) << row.a << " and " << row.b;
}

TEST(text, suggests_the_nearest_known_word)
{
    const std::vector<std::string> known{"GET",   "POST", "audience", "audience_claim", "read:appointments",
                                         "scopes"};
    const struct {
        const char *sentence, *word, *meant;
    } rows[] = {
        {"another letter case", "get", "GET"},
        {"swapped neighbors", "auidence", "audience"},
        {"one letter too many", "audiences", "audience"},
        {"a missing letter", "scops", "scopes"},
        {"the nearest of two", "audience_clam", "audience_claim"},
        {"three edits in a long word", "read:apointmnets", "read:appointments"},
        {"nothing near", "upstream", ""},
        {"too short to guess", "xx", ""},
        {"more than a third differs", "PUT", ""},
        {"nothing", "", ""},
    };
    for (const auto& row : rows)
        EXPECT_EQ(did_you_mean(row.word, known), row.meant) << row.sentence;
    EXPECT_EQ(did_you_mean("GET", {}), "");
    EXPECT_EQ(did_you_mean(std::string(1'000'000, 'a'), known), "") << "a huge word is not compared";
}

TEST(text, ignores_the_case_of_ascii_letters_only)
{
    EXPECT_TRUE(iequals("Bearer", "bEARER"));
    EXPECT_FALSE(iequals("Bearer", "Bearer "));
    EXPECT_FALSE(iequals("[", "{")) << "32 apart like the two cases of a letter, but not letters";
    EXPECT_FALSE(iequals("\xC4", "\xE4"));
}

} // namespace
} // namespace scopegate
