// `${NAME}`, `${NAME:-default}` and `$$` in values, replaced in the finished tree: a value of the environment
// can't become YAML. Keys are taken as written (a key names a thing, and must not depend on the environment):
// `${` in one is an error.
#pragma once

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace scopegate::config {

// Replaces them in every scalar of the tree. The default is taken where the name is unset or empty, as in a
// shell; a name that is unset and has no default is an error. A `$` before anything else stays.
void replace_placeholders(node& root, const environment& env, diagnostics& out);

} // namespace scopegate::config
