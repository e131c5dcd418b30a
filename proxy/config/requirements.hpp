// Compiles the requirement of a route and method, in all forms that the file may use.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Compiles one requirement of a template with these segments. `observe` is the route's mode, which the
// requirement's own overrides. If it reports errors, the requirement must not be used.
[[nodiscard]] policy::requirement compile_requirement(compilation& c, const node& value,
                                                      const std::vector<policy::template_segment>& segments,
                                                      bool observe);

} // namespace scopegate::config
