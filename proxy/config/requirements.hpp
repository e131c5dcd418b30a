// What a route and method ask for, in all the forms that the file has for it.
#pragma once

#include "config/schema.hpp"

namespace scopegate::config {

// Compiles one requirement of a template with these segments. What is wrong is said; the requirement is then
// not to be used.
[[nodiscard]] policy::requirement compile_requirement(compilation& c, const node& value,
                                                      const std::vector<policy::template_segment>& segments);

} // namespace scopegate::config
