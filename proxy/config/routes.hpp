// The second half of compiling `routes:`, after the single templates.
#pragma once

#include "config/templates.hpp"

namespace scopegate::config {

// Fills in both trees of the policy. Refuses templates that match the same paths, and templates with
// different requirements that differ only by letter case. `templates` has one element for each of the
// policy's routes.
void compile_trees(compilation& c, const std::vector<path_template>& templates);

} // namespace scopegate::config
