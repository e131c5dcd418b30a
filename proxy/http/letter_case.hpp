// Letter case beyond ASCII. Upstreams compare paths in lower or in upper case, and each of them takes
// another set of letters for one: U+212A and `K` are both `k`. Letters that any of them takes for one fold
// to the same letter here (Unicode's simple case folding, and U+0130 and U+0131 fold to `i`).
#pragma once

#include "base/text.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace scopegate::http {

// Returns the letter that stands for all that differ from `letter` by case only.
[[nodiscard]] char32_t fold_case(char32_t letter) noexcept;

[[nodiscard]] constexpr bool is_ascii(char c) noexcept
{
    return static_cast<unsigned char>(c) < 0x80;
}

// Returns how many bytes the UTF-8 character has that begins with `lead`; 1 for a byte that begins none.
[[nodiscard]] constexpr std::size_t character_size(char lead) noexcept
{
    const auto byte = static_cast<unsigned char>(lead);
    return byte < 0xC2 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : byte < 0xF5 ? 4 : 1;
}

// Takes a character off `text`, which is UTF-8 and not empty, and returns it folded. `take_byte(text)` takes
// and returns one byte.
template <class TakeByte>
[[nodiscard]] char32_t take_folded(std::string_view& text, TakeByte take_byte)
{
    const char lead = take_byte(text);
    if (is_ascii(lead))
        return static_cast<unsigned char>(ascii_lower(lead));
    const auto size = character_size(lead);
    char32_t letter = static_cast<unsigned char>(lead) & 0xFFU >> (size + 1);
    for (std::size_t more = size - 1; more > 0 && !text.empty(); --more)
        letter = letter << 6U | (static_cast<unsigned char>(take_byte(text)) & 0x3FU);
    return fold_case(letter);
}

// Appends one byte of a UTF-8 text. The byte that completes a character folds it.
void append_folded(std::string& text, char byte);

} // namespace scopegate::http
