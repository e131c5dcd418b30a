// Warns of wide, weak routes: those that a request falls to if Scopegate does not recognize a literal segment
// of a stricter route, while the API behind may (another letter case, an ending that a framework cuts off).
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reports one warning per route that surrounds stricter ones, at the first of its methods that asks for less,
// and one for `unlisted: authenticated`. The routes of `c.made` must be complete. Costs one match per literal
// segment and method of the file.
void warn_of_wide_routes(compilation& c);

} // namespace scopegate::config
