#include "access/near_misses.hpp"

#include "http/target.hpp"
#include "policy/nearest.hpp"

#include <algorithm>
#include <limits>

namespace scopegate::access {

namespace {

std::string with_other_slash(std::string_view path)
{
    std::string other(path);
    if (other.ends_with('/'))
        other.pop_back();
    else
        other += '/';
    return other;
}

// The template's methods, where the one that was asked for is not among them.
std::string methods_of(const policy::route& r, std::string_view method)
{
    return r.find(method) != nullptr ? std::string()
                                     : "; it has " + (r.allow.empty() ? "no method" : r.allow);
}

} // namespace

std::vector<std::string> near_misses(const policy::policy& p, const policy::route_match& match,
                                     std::string_view path, std::string_view method)
{
    using found = policy::route_match::outcome;
    std::vector<std::string> near;
    if (match.found == found::wrong_method && match.matched != nullptr)
        near.push_back(match.matched->text + " with another method: " + match.matched->allow);
    if (match.found != found::no_route || path.empty() || path == "*")
        return near;
    const auto other_slash = with_other_slash(path);
    policy::parameters values;
    if (const auto* r = p.exact.match(other_slash, values))
        near.push_back(r->text +
                       (path.ends_with('/') ? " without the slash at the end" : " with a slash at the end") +
                       methods_of(*r, method));
    std::string scratch;
    const auto folded = http::fold_path(path, p.paths, scratch);
    if (const auto* r = near.empty() && folded ? p.folded.match(*folded, values) : nullptr)
        near.push_back(r->text + " in another letter case or spelling" + methods_of(*r, method));
    if (near.empty())
        if (const auto* r = policy::nearest_route(p, path, std::numeric_limits<std::size_t>::max()))
            near.push_back(r->text + methods_of(*r, method));
    return near;
}

} // namespace scopegate::access
