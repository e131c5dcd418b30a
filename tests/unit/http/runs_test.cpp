#include "http/runs.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using namespace scopegate::http;

// Processing 16 bytes at a time must agree with the table for each byte. The test tries every byte at every
// place of strings that end before, at and behind such a block.
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

// Tries all strings of these four bytes, at every place of strings that end before, at and behind a block.
// The result must be that of the naive search.
TEST(runs, end_with_the_first_empty_line)
{
    const auto naive = [](const std::string& s) {
        const auto found = s.find("\r\n\r\n");
        return found == std::string::npos ? 0 : found + 4;
    };
    const std::string_view bytes = "\r\n a";
    for (unsigned which = 0; which < 1U << 14U; ++which) {
        std::string pattern;
        for (unsigned i = 0; i < 7; ++i)
            pattern += bytes[which >> 2 * i & 3U];
        for (std::size_t before = 0; before <= 34; before += which % 16 == 0 ? 1 : 17)
            for (const std::size_t behind : {0U, 1U, 9U, 20U}) {
                const auto s = std::string(before, 'x') + pattern + std::string(behind, '\n');
                ASSERT_EQ(size_to_empty_line(s), naive(s)) << which << ' ' << before << ' ' << behind;
            }
    }
}

TEST(runs, are_empty_for_empty_input)
{
    EXPECT_TRUE(all_b64({}));
    const char* const p = "x";
    EXPECT_EQ(skip_text(p, p), p);
    EXPECT_EQ(size_to_empty_line({}), 0U);
}

} // namespace
