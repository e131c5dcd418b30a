// The names of methods that a route may have.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Returns whether the entry's key can be a method of a route. Reports an error if it can't, and a warning for
// a method that is not registered.
bool check_method(compilation& c, const node& entry);

// Returns whether a key that is no setting of a route was probably meant as one. Keys in lower case are
// reserved for settings, so that a misspelled one never becomes a method.
[[nodiscard]] bool may_be_setting(std::string_view name);

} // namespace scopegate::config
