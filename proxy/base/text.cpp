#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace scopegate {

std::size_t edit_distance(std::string_view a, std::string_view b)
{
    // Optimal string alignment: three rows of the usual table, the third for swapped neighbors.
    std::array<std::vector<std::size_t>, 3> rows;
    for (auto& row : rows)
        row.resize(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] =
                std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a.size() % 3][b.size()];
}

std::string_view did_you_mean(std::string_view word, std::span<const std::string> known)
{
    // Names in a rules file are short. A longer word is not a typing error, and comparing it would cost more
    // than it helps.
    constexpr std::size_t longest = 256;
    if (word.size() > longest)
        return {};
    const auto enough = std::min<std::size_t>(3, word.size() / 3);
    std::string_view nearest;
    std::size_t best = enough + 1;
    for (const auto& candidate : known) {
        if (iequals(word, candidate))
            return candidate;
        if (candidate.size() > word.size() + enough || word.size() > candidate.size() + enough)
            continue;
        if (const auto distance = edit_distance(word, candidate); distance < best) {
            best = distance;
            nearest = candidate;
        }
    }
    return nearest;
}

} // namespace scopegate
