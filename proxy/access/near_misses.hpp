// Guesses what a request without a route may have meant, in words for `explain`. No decision depends on it.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::access {

// For a path that no template matches, returns the template that matches it with another slash at the end or
// in another letter case, otherwise the most similar one. For a template without the method, returns the
// methods that it has. Empty for any other match. `path` is normalized, or empty.
[[nodiscard]] std::vector<std::string> near_misses(const policy::policy& p, const policy::route_match& match,
                                                   std::string_view path, std::string_view method);

} // namespace scopegate::access
