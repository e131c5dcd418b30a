// `implies`: which scopes a scope stands for, resolved when the file is loaded, so that it costs nothing per
// request.
#pragma once

#include "config/schema.hpp"

#include <string_view>
#include <vector>

namespace scopegate::config {

// Sets the closure of each declared scope. `implied`: by scope, its list as written, or null.
void compile_implications(compilation& c, const std::vector<const node*>& implied);

// Whether the pattern, in which each `*` stands for any run of characters, matches the whole name.
[[nodiscard]] bool matches_glob(std::string_view pattern, std::string_view name) noexcept;

} // namespace scopegate::config
