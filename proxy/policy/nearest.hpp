// Finds the template that is closest to a path without a route, for an operator to compare. No decision ever
// depends on it.
#pragma once

#include "policy/policy.hpp"

#include <string_view>

namespace scopegate::policy {

// Returns the route whose template differs least from a normalized path, the first of equals in the order of
// the file. Whole segments may be missing, and literals may be misspelled. Returns null for a file without
// routes, and if the comparison takes more than `most` steps (some hundred routes). Null is better than a
// wrong name. Allocates nothing.
[[nodiscard]] const route* nearest_route(const policy& p, std::string_view path,
                                         std::size_t most = 262'144) noexcept;

} // namespace scopegate::policy
