// What the compiling of `routes:` is made of.
#pragma once

#include "config/templates.hpp"

namespace scopegate::config {

// Fills in both trees of the policy and refuses templates that match the same paths, or that differ by letter
// case only and need different things. `templates`: one for each of the policy's routes.
void compile_trees(compilation& c, const std::vector<path_template>& templates);

} // namespace scopegate::config
