// The warnings that no single key of routes.yaml shows, only the file as a whole.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reports them; `file` is the root that `c.made` was compiled from, without errors. For files
// with routes that need tokens.
void warn_of_the_whole(compilation& c, const node& file);

} // namespace scopegate::config
