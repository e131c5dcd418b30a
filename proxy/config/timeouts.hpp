// `timeouts:`, of the server and of a route.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Reads those of the server into `into`, which has the defaults.
void compile_timeouts(compilation& c, const node& value, policy::timeouts& into);

// Reads those of a route into `into`, which has the server's. Refuses the ones that concern a whole
// connection or the process.
void compile_route_timeouts(compilation& c, const node& value, policy::timeouts& into);

[[nodiscard]] std::vector<section> timeout_sections();

} // namespace scopegate::config
