// `implies`: the scopes that a scope includes. Resolved when the file is loaded, so that they cost nothing
// per request.
#pragma once

#include "config/schema.hpp"

#include <string_view>
#include <vector>

namespace scopegate::config {

// Sets the closure of each declared scope. `implied` has one element per scope: its list as written, or null.
void compile_implications(compilation& c, const std::vector<const node*>& implied);

// Returns whether the pattern matches the whole name. Each `*` matches any run of characters.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view name) noexcept;

} // namespace scopegate::config
