// What a method's name can be mistaken for. Methods have a letter case, yet frameworks capitalise what comes
// (Werkzeug does): `get` must not be one of ANY where GET needs something else.
#pragma once

#include "base/text.hpp"
#include "policy/route_tree.hpp"

#include <algorithm>
#include <string_view>

namespace scopegate::policy {

// CONNECT and TRACE, in any letter case.
[[nodiscard]] inline bool is_never_forwarded(std::string_view method) noexcept
{
    return iequals(method, "CONNECT") || iequals(method, "TRACE");
}

// Whether the method is one that the route names, GET's HEAD included, but for letter case.
[[nodiscard]] inline bool names_alike(const route& r, std::string_view method) noexcept
{
    return std::any_of(r.methods.begin(), r.methods.end(), [method](const auto& named) {
        return (named.first != method && iequals(named.first, method)) ||
               (named.first == "GET" && method != "HEAD" && iequals(method, "HEAD"));
    });
}

} // namespace scopegate::policy
