// The names of methods that a route may have.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Whether the entry's key can be a method of a route. False: it can't, and that is said. A method that is
// registered nowhere can be, with a warning.
bool check_method(compilation& c, const node& entry);

} // namespace scopegate::config
