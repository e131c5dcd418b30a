#include "http/runs.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace scopegate::http;

// What 16 bytes at a time find is what the table says of each: every byte, at every place of strings that end
// before, at and behind such a block.
TEST(runs, agree_with_the_table_for_every_byte_at_every_place)
{
    for (std::size_t size = 1; size <= 35; ++size)
        for (std::size_t place = 0; place < size; ++place)
            for (int c = 0; c < 256; ++c) {
                std::string s(size, 'a');
                s[place] = static_cast<char>(c);
                const char* const end = s.data() + s.size();
                ASSERT_EQ(all_b64(s), all(char_class::b64, s)) << c << " at " << place << " of " << size;
                ASSERT_EQ(skip_text(s.data(), end), s.data() + count_leading(char_class::text, s))
                    << c << " at " << place << " of " << size;
            }
}

TEST(runs, of_nothing_are_nothing)
{
    EXPECT_TRUE(all_b64({}));
    const char* const p = "x";
    EXPECT_EQ(skip_text(p, p), p);
}

} // namespace
