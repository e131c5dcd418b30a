// The template that a path without a route comes closest to: what an operator compares it with. No decision
// ever depends on it.
#pragma once

#include "policy/policy.hpp"

#include <string_view>

namespace scopegate::policy {

// Returns the route whose template a normalised path differs from least, the first of equals in the order of
// the file; null for a file without routes. Whole segments may be missing, and literals may be misspelled.
// Null, too, if the comparison takes more than `most` steps, some hundred routes: a wrong name is worse than
// none. Allocates nothing.
[[nodiscard]] const route* nearest_route(const policy& p, std::string_view path,
                                         std::size_t most = 262'144) noexcept;

} // namespace scopegate::policy
