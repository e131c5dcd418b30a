// Names that can be mistaken for a method. Methods are case-sensitive, yet frameworks such as Werkzeug
// capitalize them. So `get` must not count as a method of ANY if GET has its own requirement.
#pragma once

#include "base/text.hpp"
#include "policy/route_tree.hpp"

#include <algorithm>
#include <string_view>

namespace scopegate::policy {

// Returns true for CONNECT and TRACE, in any letter case.
[[nodiscard]] inline bool is_never_forwarded(std::string_view method) noexcept
{
    return iequals(method, "CONNECT") || iequals(method, "TRACE");
}

// Returns whether the method differs only in letter case from one that the route names, or from the HEAD that
// a GET implies.
[[nodiscard]] inline bool names_alike(const route& r, std::string_view method) noexcept
{
    return std::any_of(r.methods.begin(), r.methods.end(), [method](const auto& named) {
        return (named.first != method && iequals(named.first, method)) ||
               (named.first == "GET" && method != "HEAD" && iequals(method, "HEAD"));
    });
}

} // namespace scopegate::policy
