// UTF-8 (RFC 3629): shortest forms only, no surrogates, nothing above U+10FFFF. Decoders disagree on how to
// read anything else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace scopegate {

[[nodiscard]] constexpr bool is_ascii(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x80;
}

// Returns whether the byte continues a character. All other bytes begin one, or are invalid.
[[nodiscard]] constexpr bool continues_character(char c) noexcept
{
    return (static_cast<unsigned char>(c) & 0xC0U) == 0x80;
}

// Returns how many bytes a character has that begins with `lead`, or 1 if no character begins with it.
[[nodiscard]] constexpr std::size_t character_size(char lead) noexcept
{
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 1;
}

// Checks a text byte by byte.
class utf8_check final {
public:
    // Takes the next byte. Returns false if the text is invalid; take no more bytes then.
    [[nodiscard]] constexpr bool take(char c) noexcept
    {
        const auto byte = static_cast<unsigned char>(c);
        if (missing_ == 0) {
            missing_ = character_size(c) - 1;
            // The second byte rules out longer forms than needed, surrogates, and what lies above U+10FFFF.
            low_ = byte == 0xE0 ? 0xA0 : byte == 0xF0 ? 0x90 : 0x80;
            high_ = byte == 0xED ? 0x9F : byte == 0xF4 ? 0x8F : 0xBF;
            return byte < 0x80 || missing_ != 0;
        }
        const bool fits = byte >= low_ && byte <= high_;
        --missing_;
        low_ = 0x80, high_ = 0xBF;
        return fits;
    }
    // Returns whether the bytes so far are whole characters.
    [[nodiscard]] constexpr bool is_whole() const noexcept { return missing_ == 0; }

private:
    std::size_t missing_ = 0;                // bytes of the current character
    unsigned char low_ = 0x80, high_ = 0xBF; // the range of the next one of them
};

// Returns the size of the character at the start of `s`, which is not empty. Returns 0 if it is invalid.
[[nodiscard]] constexpr std::size_t leading_character(std::string_view s) noexcept
{
    utf8_check check;
    for (std::size_t i = 0; i < s.size() && check.take(s[i]); ++i)
        if (check.is_whole())
            return i + 1;
    return 0;
}

// Returns how many characters a text has: for columns of output and positions in a file.
[[nodiscard]] inline std::size_t count_characters(std::string_view s) noexcept
{
    return static_cast<std::size_t>(
        std::count_if(s.begin(), s.end(), [](char c) { return !continues_character(c); }));
}

// Returns the character that `s` holds, which is exactly one valid character.
[[nodiscard]] constexpr char32_t decode_utf8(std::string_view s) noexcept
{
    if (s.size() == 1)
        return static_cast<unsigned char>(s.front());
    char32_t letter = static_cast<unsigned char>(s.front()) & (0x7FU >> s.size());
    for (const char c : s.substr(1))
        letter = letter << 6U | (static_cast<unsigned char>(c) & 0x3FU);
    return letter;
}

// Appends a character.
inline void append_utf8(std::string& out, char32_t letter)
{
    const auto more = [&](unsigned shift) { out += static_cast<char>(0x80U | (letter >> shift & 0x3FU)); };
    if (letter < 0x80) {
        out += static_cast<char>(letter);
    } else if (letter < 0x800) {
        out += static_cast<char>(0xC0U | letter >> 6U);
        more(0);
    } else if (letter < 0x10000) {
        out += static_cast<char>(0xE0U | letter >> 12U);
        more(6), more(0);
    } else {
        out += static_cast<char>(0xF0U | letter >> 18U);
        more(12), more(6), more(0);
    }
}

} // namespace scopegate
