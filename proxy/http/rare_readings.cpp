#include "http/rare_readings.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace scopegate::http {

namespace {

constexpr auto npos = std::string_view::npos;

// Returns the end, after the last parenthesis, of `/(S(x))` or `/(A(x)F(y))` at `begin`. Returns npos if no
// such part begins there.
std::size_t session_end(std::string_view path, std::size_t begin) noexcept
{
    if (path.substr(begin, 2) != "/(")
        return npos;
    const auto is_letter = [](char c) { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; };
    const auto groups = begin + 2;
    auto at = groups;
    while (at + 1 < path.size() && is_letter(path[at]) && path[at + 1] == '(') {
        const auto close = path.find_first_of("()/", at + 2);
        if (close == npos || path[close] != ')')
            return npos;
        at = close + 1;
    }
    return at != groups && at < path.size() && path[at] == ')' ? at + 1 : npos;
}

} // namespace

path_without_session without_session(std::string_view folded)
{
    path_without_session out;
    std::size_t first = npos;
    for (std::size_t at = 0; at < folded.size();) {
        const auto end = session_end(folded, at);
        if (end == npos) {
            out.path += folded[at++];
            continue;
        }
        first = std::min(first, out.path.size());
        at = end;
    }
    if (first == npos)
        return {};
    if (out.path.empty())
        out.path = '/';
    else
        out.literal_from = out.path.rfind('/', std::min(first, out.path.size() - 1));
    return out;
}

read_path without_bare_format(std::string_view folded, const path_rules& rules) noexcept
{
    const auto folder_end = folded.rfind('/');
    if (rules.format == format_rule::keep || folder_end == 0 || folder_end == npos)
        return {};
    const auto name = folded.substr(folder_end + 1);
    if (name.size() < 2 || name[0] != '.' || name[1] == '.')
        return {};
    const auto folder = folded.substr(0, folder_end);
    return {folder, folder.rfind('/')};
}

} // namespace scopegate::http
