// Text helpers that every layer needs: near misses for "did you mean", case folding of ASCII.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace scopegate {

// Returns how many insertions, removals, replacements or swaps of neighboring characters turn a into b.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// Returns the known word that is nearest to `word`, where words that differ only in letter case are nearest
// of all. Returns an empty view if none is near enough: a third of the length of `word`, at most 3 edits. The
// view points into `known`.
[[nodiscard]] std::string_view did_you_mean(std::string_view word, std::span<const std::string> known);

[[nodiscard]] constexpr char ascii_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] constexpr bool iequals(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    return true;
}

} // namespace scopegate
