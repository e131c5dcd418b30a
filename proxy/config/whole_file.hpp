// The warnings that depend on the file as a whole rather than on a single key of routes.yaml.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reports these warnings. `file` is the root that `c.policy` was compiled from, without errors. For files
// with routes that need tokens.
void warn_about_file(compilation& c, const node& file);

} // namespace scopegate::config
