// Small text matters that every layer needs: near misses for "did you mean", case folding of ASCII.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace scopegate {

// The number of inserted, removed, replaced or swapped neighbouring characters that separate a from b.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The known word that is nearest to `word` (letter case differences count as nearest), or empty where none is
// near enough to be what was meant (a third of its length, at most 3 edits). The view points into `known`.
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
