#include "policy/pattern_index.hpp"

#include "policy/template_segment.hpp"
#include "support/allocations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace scopegate::policy {
namespace {

using matching = pattern_index::matching;
using testing::ElementsAre;
using testing::IsEmpty;

// `*` stands for each parameter.
std::string text_of(std::string pattern)
{
    for (char& c : pattern)
        c = c == '*' ? wildcard : c;
    return pattern;
}

pattern_index index_of(const std::vector<std::string>& patterns)
{
    pattern_index out;
    for (std::uint32_t i = 0; i < patterns.size(); ++i)
        out.child_of(text_of(patterns[i])) = i;
    return out;
}

struct found {
    std::vector<std::uint32_t> children;
    std::size_t steps = 0;
};

found look_up(const pattern_index& index, std::string_view segment)
{
    found out;
    std::array<std::string_view, 16> values;
    const bool stopped = index.any_match(
        segment, matching::exact, values.data(),
        [&](const pattern_index::match& m) {
            out.children.push_back(m.child);
            return false;
        },
        [&] { ++out.steps; });
    EXPECT_FALSE(stopped);
    return out;
}

TEST(pattern_index, tries_the_more_specific_pattern_first)
{
    const auto index = index_of({"*", "v*", "v*.json", "*.json", "v1*", "v*-*.json", "v*-*-*.json"});
    EXPECT_THAT(look_up(index, "v1-2-3.json").children, ElementsAre(4, 6, 5, 2, 1, 3, 0));
    EXPECT_THAT(look_up(index, "x.json").children, ElementsAre(3, 0));
    EXPECT_THAT(look_up(index, "").children, IsEmpty());
}

TEST(pattern_index, keeps_one_child_for_each_text)
{
    auto index = index_of({"a*", "*b", "a*b", "*-*b"});
    EXPECT_EQ(index.child_of(text_of("a*b")), 2U);
    EXPECT_EQ(index.find(text_of("*-*b")), 3U);
    EXPECT_EQ(index.find(text_of("*+*b")), pattern_index::none);
    EXPECT_EQ(index.find(text_of("c*")), pattern_index::none);
    EXPECT_EQ(index.find(text_of("a*c")), pattern_index::none);
    EXPECT_EQ(index.child_of(text_of("c*")), pattern_index::none);
}

// Clients choose the segment, and a file may list ten thousand verbs of one resource.
TEST(pattern_index, takes_few_steps_among_very_many_patterns)
{
    pattern_index verbs, functions;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        verbs.child_of(text_of("*:verb" + std::to_string(i))) = i;
        functions.child_of(text_of("function" + std::to_string(i) + "(x='*')")) = i;
    }
    struct row {
        const pattern_index& index;
        std::string segment;
        std::size_t matches;
    };
    const row rows[] = {
        {verbs, "7:verb9999", 1},
        {verbs, "7:verb10000", 0},
        {verbs, std::string(8'000, ':'), 0},
        {functions, "function42(x='y')", 1},
        {functions, "function10000(x='y')", 0},
        {functions, "function" + std::string(8'000, '1'), 0},
    };
    for (const auto& r : rows) {
        const auto out = look_up(r.index, r.segment);
        EXPECT_EQ(out.children.size(), r.matches) << r.segment.substr(0, 40);
        EXPECT_LE(out.steps, 10U) << r.segment.substr(0, 40);
    }
}

TEST(pattern_index, allocates_nothing_to_match)
{
    const auto index =
        index_of({"*:suspend", "a-long-beginning-of-a-pattern-*-and-a-long-end-of-it", "*-*-*"});
    std::array<std::string_view, 16> values;
    const scopegate::test::allocation_scope allocations;
    for (const std::string_view segment :
         {"a-very-long-name-of-a-user-that-fills-no-short-string:suspend",
          "a-long-beginning-of-a-pattern-x-and-a-long-end-of-it", "1-2-3", "none"})
        (void)index.any_match(segment, matching::exact, values.data(), [](const auto&) { return false; });
    EXPECT_EQ(allocations.count(), 0U);
}

} // namespace
} // namespace scopegate::policy
