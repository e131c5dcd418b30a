// Siblings often differ in their last characters only. Their hashes must not cluster.
#include "policy/segment_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace scopegate::policy {
namespace {

TEST(segment_hash, scatters_siblings_that_differ_in_two_bytes_only)
{
    constexpr std::size_t places = 4096;
    const std::string_view letters = "abcdefghijklmnopqrstuvwxyz012345";
    for (std::size_t size = 2; size <= 20; ++size)
        for (std::size_t at = 0; at + 2 <= size; ++at) {
            std::vector<int> taken(places);
            for (const char one : letters)
                for (const char other : letters) {
                    std::string literal(size, 'x');
                    literal[at] = one;
                    literal[at + 1] = other;
                    ++taken[segment_hash(7, literal) % places];
                }
            // With 1,024 random values, 906 places are taken, and no place ever has more than six.
            const auto free = std::count(taken.begin(), taken.end(), 0);
            EXPECT_GT(static_cast<std::ptrdiff_t>(places) - free, 850) << size << " bytes, at " << at;
            EXPECT_LE(*std::max_element(taken.begin(), taken.end()), 8) << size << " bytes, at " << at;
        }
}

TEST(segment_hash, distinguishes_nodes_and_lengths)
{
    EXPECT_NE(segment_hash(0, "a"), segment_hash(1, "a"));
    EXPECT_NE(segment_hash(0, "aa"), segment_hash(0, "aaa"));
    EXPECT_NE(segment_hash(0, ""), segment_hash(0, std::string(1, '\0')));
}

} // namespace
} // namespace scopegate::policy
