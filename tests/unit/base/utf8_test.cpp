// UTF-8: every character is valid, and everything else is not.
#include "base/utf8.hpp"

#include <gtest/gtest.h>

namespace scopegate {
namespace {

TEST(utf8, has_one_form_for_each_character)
{
    for (char32_t letter = 0; letter <= 0x110010; ++letter) {
        std::string text;
        append_utf8(text, letter);
        const bool surrogate = letter >= 0xD800 && letter < 0xE000;
        const auto size = surrogate || letter > 0x10FFFF ? 0 : text.size();
        ASSERT_EQ(leading_character(text), size) << "U+" << std::hex << static_cast<unsigned>(letter);
        ASSERT_EQ(leading_character(text + "a"), size);
        if (size != 0) {
            ASSERT_EQ(character_size(text.front()), size);
            ASSERT_EQ(count_characters(text), 1U);
        }
    }
}

TEST(utf8, is_refused_where_decoders_disagree)
{
    const struct {
        std::string_view text;
        const char* why;
    } rows[] = {
        {"\x80", "a continuation alone"},
        {"\xBF", "the last continuation alone"},
        {"\xC0\xAF", "a slash in two bytes"},
        {"\xC1\xBF", "U+007F in two bytes"},
        {"\xE0\x9F\xBF", "U+07FF in three bytes"},
        {"\xF0\x8F\xBF\xBF", "U+FFFF in four bytes"},
        {"\xED\xA0\x80", "a surrogate"},
        {"\xF4\x90\x80\x80", "above U+10FFFF"},
        {"\xF5\x80\x80\x80", "a lead that no character has"},
        {"\xFF", "a byte that no character has"},
        {"\xC3", "a character cut short"},
        {"\xE2\x82", "a longer one cut short"},
        {"\xE2\x28\xA1", "no continuation in the second byte"},
        {"\xE2\x82\x28", "no continuation in the third byte"},
        {"\xF0\x9F\x98\x28", "no continuation in the fourth byte"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(leading_character(r.text), 0U) << r.why;
}

TEST(utf8, is_checked_byte_by_byte)
{
    utf8_check check;
    for (const char c : std::string_view("a\xC3\xA9")) {
        EXPECT_TRUE(check.is_whole() || continues_character(c));
        EXPECT_TRUE(check.take(c));
    }
    EXPECT_TRUE(check.is_whole());
    EXPECT_TRUE(check.take('\xE2'));
    EXPECT_FALSE(check.is_whole());
    EXPECT_FALSE(check.take('a'));
}

} // namespace
} // namespace scopegate
