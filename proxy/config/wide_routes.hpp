// Warns of wide, weak routes. Scopegate may not recognize a literal segment of a stricter route although the
// upstream does: in another letter case, or with an ending that a framework cuts off. The request then falls
// through to the wide route.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reports one warning per route that surrounds stricter ones, at the first of its methods with the weaker
// requirement, and one for `unlisted: authenticated`. The routes of `c.policy` must be complete. Costs one
// match per literal segment and method of the file.
void warn_about_wide_routes(compilation& c);

} // namespace scopegate::config
