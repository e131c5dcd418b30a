// Percent-encoding (RFC 3986 section 2.1). Readers differ in what they do with a malformed triplet: here it
// stays as it is, and callers that refuse it check with starts_with_triplet.
#pragma once

#include "base/text.hpp"

#include <string>
#include <string_view>

namespace scopegate {

[[nodiscard]] constexpr bool is_hex_digit(char c) noexcept
{
    const char lower = ascii_lower(c);
    return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'f');
}

// Returns the value of a hexadecimal digit. The caller has checked that it is one.
[[nodiscard]] constexpr unsigned hex_value(char digit) noexcept
{
    const auto c = static_cast<unsigned char>(digit);
    return c <= '9' ? c - unsigned{'0'} : (c | 0x20U) - unsigned{'a'} + 10U;
}

// Returns whether `s` begins with a triplet such as `%2F`. triplet_value() returns the byte that such a
// triplet encodes.
[[nodiscard]] constexpr bool starts_with_triplet(std::string_view s) noexcept
{
    return s.size() >= 3 && s[0] == '%' && is_hex_digit(s[1]) && is_hex_digit(s[2]);
}
[[nodiscard]] constexpr char triplet_value(std::string_view s) noexcept
{
    return static_cast<char>(hex_value(s[1]) * 16 + hex_value(s[2]));
}

// Removes the next character from the front of a percent-encoded text, which must not be empty. Returns the
// byte that a triplet encodes, and any other byte as it is.
[[nodiscard]] constexpr char take_decoded(std::string_view& encoded) noexcept
{
    const bool triplet = starts_with_triplet(encoded);
    const char c = triplet ? triplet_value(encoded) : encoded.front();
    encoded.remove_prefix(triplet ? 3 : 1);
    return c;
}

// Returns the decoded text.
[[nodiscard]] inline std::string percent_decode(std::string_view encoded)
{
    std::string out;
    out.reserve(encoded.size());
    while (!encoded.empty())
        out += take_decoded(encoded);
    return out;
}

// Returns whether `encoded`, percent-decoded, equals `plain`. Makes no decoded copy.
[[nodiscard]] constexpr bool decodes_to(std::string_view encoded, std::string_view plain) noexcept
{
    for (const char c : plain)
        if (encoded.empty() || take_decoded(encoded) != c)
            return false;
    return encoded.empty();
}

// Appends the triplet of a byte, in uppercase (RFC 3986 section 6.2.2.1).
inline void append_triplet(std::string& out, char c)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
}

} // namespace scopegate
