// The names of methods that a route may have.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Returns whether the entry's key can be a method of a route. Reports an error if it can't, and a warning for
// a method that is not registered.
bool check_method(compilation& c, const node& entry);

// Returns whether an unknown key was probably meant as a setting of a route. Keys in lower case are reserved
// for settings, so that a misspelled one never becomes a method.
[[nodiscard]] bool may_be_setting(std::string_view name);

} // namespace scopegate::config
