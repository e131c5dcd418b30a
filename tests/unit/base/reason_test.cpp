// The table of reasons: what one reason says about itself is consistent, and words are unique.
#include "base/reason.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace scopegate {
namespace {

reason at(std::size_t index)
{
    return static_cast<reason>(index);
}

TEST(reason, has_a_word_of_its_own)
{
    std::set<std::string_view> words;
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto word = name(at(i));
        EXPECT_TRUE(words.insert(word).second) << word;
        EXPECT_EQ(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos) << word;
    }
}

// These leave open whether a token is good, so that nothing that it was good for ends.
TEST(reason, is_undecided_only_if_the_issuer_could_not_be_asked)
{
    std::set<reason> undecided;
    for (std::size_t i = 0; i < reason_count; ++i)
        if (is_undecided(at(i)))
            undecided.insert(at(i));
    EXPECT_EQ(undecided, (std::set<reason>{reason::key_pending, reason::keys_unavailable,
                                           reason::introspection_unavailable}));
}

// Otherwise our failures would go unseen, or clients could raise alerts.
TEST(reason, is_loud_if_it_is_our_own_trouble)
{
    for (std::size_t i = 0; i < reason_count; ++i) {
        const auto& row = row_of(at(i));
        if (row.at == request_step::upstream || row.at == request_step::limits) {
            EXPECT_EQ(row.loud, severity::warn) << row.word;
        }
    }
    EXPECT_EQ(row_of(reason::internal_error).loud, severity::error);
    EXPECT_EQ(row_of(reason::key_pending).loud, severity::info) << "anybody can make up a kid";
    EXPECT_EQ(row_of(reason::keys_unavailable).loud, severity::warn);
    EXPECT_EQ(row_of(reason::no_token).loud, severity::info);
}

} // namespace
} // namespace scopegate
