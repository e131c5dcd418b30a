// The ways in which careless upstreams read one path. fold_path (http/target.hpp) does to it all that any of
// them does; but one that ignores letter case and nothing else sees `/admin/ /x` in `/ADMIN/%20/x`, where the
// folded form is `/admin/x`: another route, maybe a harmless one. So each habit is taken on and off by
// itself.
#pragma once

#include "http/target.hpp"

#include <array>
#include <string>
#include <string_view>

namespace scopegate::http {

struct reading {
    bool drops_ends = true;      // trailing dots and spaces of segments
    bool drops_empty = true;     // segments that are then empty
    bool cuts_query = true;      // the rest, at an encoded `?` or `#`
    bool cuts_parameters = true; // where semicolon: keep lets them pass
    bool splits_at_slash = true; // at %2F, where encoded_slash: keep lets it pass
};

// fold_path as this upstream does it; letter case is folded and a trailing slash dropped in any case. A %2F
// at which it does not split stays `%2F`.
[[nodiscard]] result<std::string_view> fold_path(std::string_view path, const path_rules& rules,
                                                 const reading& how, std::string& out);

// Calls f(folded) for each reading of a normalised path other than the full one, until f says true; whether
// it did. A path without anything that a habit could change has none. At most 31 of them.
template <class F>
bool any_other_reading(std::string_view path, const path_rules& rules, std::string& out, F&& f)
{
    const auto holds = [path](std::string_view what) { return path.find(what) != std::string_view::npos; };
    const bool ends = holds(".") || holds("%20"), query = holds("%3F") || holds("%23");
    const bool parameters = holds(";") || holds("%3B"), slash = holds("%2F");
    const std::array habits{ends, ends || query || parameters || slash, query, parameters, slash};
    for (unsigned off = 1; off < 1U << habits.size(); ++off) {
        const auto has = [off](unsigned habit) { return (off >> habit & 1U) == 0; };
        bool differs = true;
        for (unsigned habit = 0; habit < habits.size(); ++habit)
            differs = differs && (has(habit) || habits[habit]);
        if (!differs)
            continue;
        const auto folded = fold_path(path, rules, {has(0), has(1), has(2), has(3), has(4)}, out);
        if (folded && f(*folded))
            return true;
    }
    return false;
}

} // namespace scopegate::http
