// The template that a path without a route comes closest to: what an operator compares it with. No decision
// ever depends on it.
#pragma once

#include "policy/policy.hpp"

#include <string_view>

namespace scopegate::policy {

// Returns the route whose template a normalised path differs from least, the first of equals in the order of
// the file; null for a file without routes. Whole segments may be missing, and literals may be misspelled.
// The work for one call is bounded: of a very large file only the first routes are compared. Allocates
// nothing.
[[nodiscard]] const route* nearest_route(const policy& p, std::string_view path) noexcept;

} // namespace scopegate::policy
