// Detects claims that are present but have a shape that this proxy can't read. Such a token is valid, but it
// grants less than its issuer meant. The cause lets the operator see why.
#pragma once

#include "base/cause.hpp"
#include "policy/policy.hpp"

namespace scopegate::tokens {

// Returns the first oddity found, or cause::none. A scope, permission or role claim is odd if it does not
// have the form that the policy expects. A role claim is also odd if the policy lists none of its roles.
[[nodiscard]] cause oddity_of(const policy::policy& p, const policy::issuer_settings& issuer,
                              const json::value& claims);

} // namespace scopegate::tokens
