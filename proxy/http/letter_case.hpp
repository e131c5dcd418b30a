// Letter case beyond ASCII. Some upstreams compare paths in lower case, others in upper case, and each
// conflates a different set of letters: U+212A and `K` both become `k`. Letters that any upstream conflates
// fold to the same letter here: Unicode's simple case folding, plus U+0130 and U+0131, which fold to `i`.
#pragma once

#include "base/text.hpp"
#include "base/utf8.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace scopegate::http {

// Returns the representative of all letters that differ from `letter` only by case.
[[nodiscard]] char32_t fold_case(char32_t letter) noexcept;

// Removes a character from the front of `text` and returns it folded. `text` is UTF-8 and not empty.
// `take_byte(text)` removes and returns one byte.
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

// Returns whether `encoded`, percent-decoded, equals `plain` ignoring letter case. Both are UTF-8.
[[nodiscard]] bool decodes_to_ignoring_case(std::string_view encoded, std::string_view plain) noexcept;

// Appends one byte of a UTF-8 text. Folds a character when its last byte arrives.
void append_folded(std::string& text, char byte);

} // namespace scopegate::http
