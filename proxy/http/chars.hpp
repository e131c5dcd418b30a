// The character classes of RFC 9110, 9112 and 3986 in one table. One lookup per byte tests any combination of
// classes.
#pragma once

#include "base/percent.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate::http {

enum class char_class : std::uint8_t {
    tchar = 1,   // part of a token (RFC 9110 section 5.6.2)
    text = 2,    // part of a field value or a reason phrase: HTAB, SP, VCHAR, obs-text
    visible = 4, // VCHAR: the characters of a request target
    digit = 8,
    unreserved = 16, // RFC 3986 section 2.3
    sub_delim = 32,  // RFC 3986 section 2.2
    b64 = 64,        // part of a b64token before its padding (RFC 6750 section 2.1)
};

// Matches bytes of either class.
[[nodiscard]] constexpr char_class operator|(char_class a, char_class b) noexcept
{
    return static_cast<char_class>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

namespace detail {

inline constexpr auto char_classes = [] {
    std::array<std::uint8_t, 256> table{};
    const auto add = [&table](std::string_view chars, char_class c) {
        for (const char ch : chars)
            table[static_cast<unsigned char>(ch)] |= static_cast<std::uint8_t>(c);
    };
    const std::string_view digits = "0123456789";
    const std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (const auto alphanumeric : {digits, letters}) {
        add(alphanumeric, char_class::tchar);
        add(alphanumeric, char_class::unreserved);
        add(alphanumeric, char_class::b64);
    }
    add("!#$%&'*+-.^_`|~", char_class::tchar);
    add("-._~", char_class::unreserved);
    add("!$&'()*+,;=", char_class::sub_delim);
    add("-._~+/", char_class::b64);
    add(digits, char_class::digit);
    for (std::size_t c = 0; c < table.size(); ++c) {
        if (c > 0x20 && c < 0x7F)
            table[c] |= static_cast<std::uint8_t>(char_class::visible);
        if (c == '\t' || (c >= 0x20 && c != 0x7F))
            table[c] |= static_cast<std::uint8_t>(char_class::text);
    }
    return table;
}();

} // namespace detail

[[nodiscard]] constexpr bool is(char_class c, char ch) noexcept
{
    return (detail::char_classes[static_cast<unsigned char>(ch)] & static_cast<std::uint8_t>(c)) != 0;
}
[[nodiscard]] constexpr bool is_blank(char ch) noexcept
{
    return ch == ' ' || ch == '\t';
}

// Returns how many bytes at the start of `s` are in the class.
[[nodiscard]] constexpr std::size_t count_leading(char_class c, std::string_view s) noexcept
{
    std::size_t n = 0;
    while (n < s.size() && is(c, s[n]))
        ++n;
    return n;
}
[[nodiscard]] constexpr bool all(char_class c, std::string_view s) noexcept
{
    return count_leading(c, s) == s.size();
}

} // namespace scopegate::http
