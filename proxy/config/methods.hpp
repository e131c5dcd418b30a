// The names of methods that a route may have.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Returns whether the entry's key can be a method of a route. Reports an error if it can't, and a warning for
// a method that is not registered.
bool check_method(compilation& c, const node& entry);

} // namespace scopegate::config
