// Letters that differ by case only: the table is compared with Unicode's own file, and UTF-8 is folded byte
// by byte.
#include "http/letter_case.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace scopegate::http {
namespace {

std::string folded(std::string_view text)
{
    std::string out;
    for (const char c : text)
        append_folded(out, c);
    return out;
}

TEST(letter_case, is_ignored_in_a_percent_encoded_text)
{
    const struct {
        std::string_view encoded;
        std::string_view plain;
        bool same;
    } rows[] = {
        {"bob", "bob", true},
        {"Bob", "bob", true},
        {"", "", true},
        {"bob", "bo", false},
        {"bo", "bob", false},
        {"auth0%7C123", "AUTH0|123", true},
        {"auth0%7C123", "auth0%7C123", false},
        {"%C3%A9", "\xC3\x89", true},
        {"%2542", "%42", true}, // decoded once, not twice
        {"%2542", "B", false},
        {"%zz", "%ZZ", true},
        {"a%", "a", false},
    };
    for (const auto& r : rows)
        EXPECT_EQ(decodes_to_ignoring_case(r.encoded, r.plain), r.same) << r.encoded << ' ' << r.plain;
}

TEST(letter_case, folds_as_unicode_specifies)
{
    std::ifstream file("/usr/share/unicode/CaseFolding.txt");
    if (!file)
        GTEST_SKIP() << "Debian's package unicode-data is not installed";
    std::map<char32_t, char32_t> wanted{{0x130, 'i'}, {0x131, 'i'}};
    for (std::string line; std::getline(file, line);) {
        std::istringstream columns(line);
        std::string letter, status, fold;
        if (columns >> letter >> status >> fold && (status == "C;" || status == "S;"))
            wanted[static_cast<char32_t>(std::stoul(letter, nullptr, 16))] =
                static_cast<char32_t>(std::stoul(fold, nullptr, 16));
    }
    ASSERT_GT(wanted.size(), 1400U);
    for (char32_t letter = 0; letter <= 0x110000; ++letter) {
        const auto found = wanted.find(letter);
        ASSERT_EQ(fold_case(letter), found == wanted.end() ? letter : found->second)
            << "U+" << std::hex << static_cast<unsigned>(letter);
    }
}

TEST(letter_case, folds_a_folded_letter_to_itself)
{
    for (char32_t letter = 0; letter <= 0x110000; ++letter)
        ASSERT_EQ(fold_case(fold_case(letter)), fold_case(letter)) << static_cast<unsigned>(letter);
}

TEST(letter_case, folds_utf8_byte_by_byte)
{
    struct row {
        const char* text;
        const char* folded;
        const char* why;
    };
    const row rows[] = {
        {"Keys", "keys", "ASCII"},
        {"\xE2\x84\xAA"
         "ey\xC5\xBF",
         "keys", "the Kelvin sign and a long s"},
        {"adm\xC4\xB0n adm\xC4\xB1n", "admin admin", "an i with a dot and an I without one"},
        {"\xC3\x89tat", "\xC3\xA9tat", "a letter of two bytes"},
        {"\xC8\xBA", "\xE2\xB1\xA5", "two bytes that fold to three"},
        {"\xE1\xBA\x9E", "\xC3\x9F", "three bytes that fold to two"},
        {"\xC7\x84 \xC7\x85 \xC7\x86", "\xC7\x86 \xC7\x86 \xC7\x86", "a letter of title case"},
        {"\xF0\x90\x90\x80", "\xF0\x90\x90\xA8", "four bytes"},
        {"\xCE\xA3\xCF\x82", "\xCF\x83\xCF\x83", "both small sigmas"},
        {"\xE2\x82\xAC", "\xE2\x82\xAC", "no letter"},
        {"\xEF\xAC\x81", "\xEF\xAC\x81", "a ligature is no single letter"},
    };
    for (const auto& r : rows)
        EXPECT_EQ(folded(r.text), r.folded) << r.why;
}

TEST(letter_case, leaves_broken_utf8_alone)
{
    for (const char* const text : {"\x80", "\xBF\xBF\xBF\xBF\xBF", "\xC3", "\xE2\x84", "\xC0\xAF", "\xFF"})
        EXPECT_EQ(folded(text), text);
}

} // namespace
} // namespace scopegate::http
