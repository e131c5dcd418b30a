// The ways in which careless upstreams read one path. fold_path (http/target.hpp) applies the habits of all
// of them at once, which is not enough. An upstream that ignores only letter case reads `/ADMIN/%20/x` as
// `/admin/ /x`. The folded form is `/admin/x`: another route, maybe a harmless one. So each habit is also
// switched on and off by itself.
//
// Two habits are not part of the folded form, because it would no longer tell routes apart:
// - A format after a dot: `/export.json` is `/export`, but `/v1.2` is not `/v1`.
// - The path behind a script: `/report.php/x` is `/report.php`, `/index.php/users` is `/users`.
#pragma once

#include "base/text.hpp"
#include "http/target.hpp"

#include <array>
#include <string>
#include <string_view>

namespace scopegate::http {

struct reading {
    bool drops_ends = true;      // trailing dots and spaces of segments
    bool drops_empty = true;     // segments that are empty then
    bool cuts_query = true;      // the rest of the path, at an encoded `?` or `#`
    bool cuts_parameters = true; // if semicolon: keep lets them pass
    bool splits_at_slash = true; // at %2F, if encoded_slash: keep lets it pass
};

// Folds a path as this upstream does. Letter case is always folded and a trailing slash always dropped. A %2F
// that this upstream does not split at stays `%2F`.
[[nodiscard]] result<std::string_view> fold_path(std::string_view path, const path_rules& rules,
                                                 const reading& how, std::string& out);

// A folded path as an upstream reads it.
struct read_path {
    std::string_view path;
    // A route counts only if a segment at or after this `/` is a literal. A parameter alone does not become
    // another resource by losing its format or script. npos: every route counts.
    std::size_t literal_from = std::string_view::npos;
    bool without_format = false;
};

// The parts of a path that are literals of its route. Such a part is not a script, and its dots do not begin
// a format.
struct spelled_out {
    bool script = false; // the segment that find_script returns
    bool name = false;   // the last segment
};

// The positions of the dots in the last segment of a path that have a name before them. In `/a/export.tar.gz`
// they precede `tar` and `gz`. With one dot, both are equal; without any, both are npos.
struct format_dots {
    std::size_t first = std::string_view::npos;
    std::size_t last = std::string_view::npos;
};
[[nodiscard]] format_dots find_format(std::string_view path) noexcept;

// The first segment of a path that names a script (`report.php`) and is followed by segments.
struct script_segment {
    std::size_t begin = std::string_view::npos; // at its `/`; npos if not found
    std::size_t end = std::string_view::npos;   // at the `/` after it
    bool routes = false;                        // whether it may be a front controller, which routes the rest
    [[nodiscard]] bool found() const noexcept { return begin != std::string_view::npos; }
};
[[nodiscard]] script_segment find_script(std::string_view path, std::size_t from = 0) noexcept;

// Returns whether servers return a file of that name for its folder: `/admin/index.php` is `/admin/`.
[[nodiscard]] bool is_directory_index(std::string_view segment) noexcept;

// Returns whether upstreams may read a path in several ways that folding does not cover.
[[nodiscard]] inline bool has_dots(std::string_view path) noexcept
{
    return path.find('.') != std::string_view::npos;
}

namespace detail {

inline std::string_view script_in(std::string_view path) noexcept
{
    const auto s = find_script(path);
    return s.found() ? path.substr(s.begin, s.end - s.begin) : std::string_view{};
}

// Calls f(read_path) for each reading of a path without its format, until f returns true. Returns whether f
// did.
template <class F>
bool any_without_format(std::string_view path, const path_rules& rules, F&& f)
{
    const auto dots = rules.format == format_rule::keep ? format_dots{} : find_format(path);
    if (dots.first == std::string_view::npos)
        return false;
    const auto last_segment = path.rfind('/');
    return f(read_path{path.substr(0, dots.first), last_segment, true}) ||
           (dots.last != dots.first && f(read_path{path.substr(0, dots.last), last_segment, true}));
}

// Calls f(read_path) for each way in which upstreams with scripts and formats read a folded path, until f
// returns true. Returns whether f did. There are at most 51 readings besides the path itself. Allocates only
// for a front controller in a folder.
template <class F>
bool any_without_dots(std::string_view path, const path_rules& rules, const spelled_out& spelled, F&& f)
{
    const auto any_behind = [&](std::string_view read, std::size_t literal_from) {
        return f(read_path{read, literal_from}) || (!spelled.name && any_without_format(read, rules, f));
    };
    const auto any_script = [&](std::string_view read, const script_segment& script) {
        const auto cut = read.substr(0, script.end);
        return script.found() && (f(read_path{cut, script.begin}) || any_without_format(cut, rules, f));
    };
    if (!spelled.name && any_without_format(path, rules, f))
        return true;
    const auto folder_end = path.rfind('/');
    if (!spelled.name && is_directory_index(path.substr(folder_end + 1))) {
        const auto folder = folder_end == 0 ? std::string_view("/") : path.substr(0, folder_end);
        if (f(read_path{folder, folder_end == 0 ? std::string_view::npos : folder.rfind('/')}))
            return true;
    }
    // An earlier name may only look like a script: `/sites/acme.pl/report.php/x`.
    constexpr unsigned max_scripts = 4;
    auto script = find_script(path);
    for (unsigned n = 0; script.found() && n < max_scripts; ++n, script = find_script(path, script.end)) {
        if (n == 0 && spelled.script)
            continue;
        if (any_script(path, script))
            return true;
        if (!script.routes)
            continue;
        const auto behind = path.substr(script.end);
        if (any_behind(behind, 0) || any_script(behind, find_script(behind)))
            return true;
        if (script.begin == 0)
            continue;
        const auto without = std::string(path.substr(0, script.begin)).append(behind);
        if (any_behind(without, script.begin))
            return true;
    }
    return false;
}

} // namespace detail

// Calls f(read_path) for each reading of a normalized path other than the full one, until f returns true.
// Returns whether f did. A path that no habit changes has no other reading. There are at most 8 times 52
// readings, or 32 times 52 if `;` and %2F pass.
template <class F>
bool any_other_reading(std::string_view path, const path_rules& rules, const spelled_out& spelled,
                       std::string& out, F&& f)
{
    const auto holds = [path](std::string_view what) { return path.find(what) != std::string_view::npos; };
    const bool dots = has_dots(path);
    const bool ends = dots || holds("%20"), query = holds("%3F") || holds("%23");
    const bool parameters = holds(";") || holds("%3B"), slash = holds("%2F");
    const std::array habits{ends, ends || query || parameters || slash, query, parameters, slash};
    for (unsigned off = 0; off < 1U << habits.size(); ++off) {
        const auto has = [off](unsigned habit) { return (off >> habit & 1U) == 0; };
        bool differs = true;
        for (unsigned habit = 0; habit < habits.size(); ++habit)
            differs = differs && (has(habit) || habits[habit]);
        if (!differs)
            continue;
        const auto folded = fold_path(path, rules, {has(0), has(1), has(2), has(3), has(4)}, out);
        if (!folded)
            continue;
        if ((off != 0 && f(read_path{*folded})) ||
            (dots && detail::any_without_dots(
                         *folded, rules,
                         {spelled.script && iequals(detail::script_in(path), detail::script_in(*folded)),
                          spelled.name && !(query && has(2))},
                         f)))
            return true;
        if (folded->data() == path.data()) // no habit changes it
            return false;
    }
    return false;
}

} // namespace scopegate::http
