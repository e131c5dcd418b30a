// Replaces `${NAME}`, `${NAME:-default}` and `$$` in values. The tree is complete by then, so the value of an
// environment variable can't become YAML. Keys are never replaced, because a key names a thing and must not
// depend on the environment: `${` in a key is an error.
#pragma once

#include "config/diagnostics.hpp"
#include "config/node.hpp"

namespace scopegate::config {

// Replaces them in every scalar of the tree. The default applies if the variable is unset or empty, as in a
// shell. An unset variable without a default is an error. A `$` before anything else stays.
void replace_placeholders(node& root, const environment& env, diagnostics& out);

} // namespace scopegate::config
