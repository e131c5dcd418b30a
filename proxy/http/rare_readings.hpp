// Two habits of single frameworks: removing sessions from a path, and ignoring a segment that is only a
// format. They need not be combined with the other habits, so readings.hpp omits them. Both apply to the
// folded form of a path.
#pragma once

#include "http/readings.hpp"

#include <string>
#include <string_view>

namespace scopegate::http {

// Returns whether a path may contain a session. The folded form of a path without parentheses contains none.
[[nodiscard]] inline bool may_hold_session(std::string_view path) noexcept
{
    return path.find('(') != std::string_view::npos || path.find("%28") != std::string_view::npos;
}

// A folded path without ASP.NET's cookieless parts, `/(S(x))` or `/(A(x)F(y))`. ASP.NET removes them
// anywhere: `/(S(x))/admin` is `/admin`, and so is `/ad/(S(x))min`. Empty if the path has no such part.
struct path_without_session {
    std::string path;
    // At the `/` of the first segment that such a part preceded or split; npos for the root.
    std::size_t literal_from = std::string_view::npos;
};
[[nodiscard]] path_without_session without_session(std::string_view folded);

// Returns the folder of a path whose last segment is only a format: a framework that drops formats reads
// `/admin/.json` as `/admin/`. Returns an empty path in all other cases, and for the root, which has no
// format.
[[nodiscard]] read_path without_bare_format(std::string_view folded, const path_rules& rules) noexcept;

// Calls f(read_path) for each such reading of a folded path, until f returns true. Returns whether f did.
// Allocates only for sessions.
template <class F>
bool any_rare_reading(std::string_view folded, const path_rules& rules, const spelled_out& spelled, F&& f)
{
    const auto without_format = without_bare_format(folded, rules);
    if (!spelled.name && !without_format.path.empty() && f(without_format))
        return true;
    if (!may_hold_session(folded))
        return false;
    const auto without = without_session(folded);
    return !without.path.empty() &&
           (f(read_path{without.path, without.literal_from}) ||
            (has_dots(without.path) && detail::any_without_dots(without.path, rules, spelled, f)));
}

} // namespace scopegate::http
