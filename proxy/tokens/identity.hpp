// The identity header lines that the upstream gets for a validated token (spec section 3, step 7). Which
// fields of the caller's own are dropped is the gate's matter.
#pragma once

#include "policy/policy.hpp"

#include <string>

namespace scopegate::tokens {

// The lines of upstream.headers, `Name: value` and CRLF each. A claim's scalar as its text, an array of
// scalars joined by spaces, the effective scopes that the file declares in its order, the client's id. No
// line for what is absent, null, empty or nested, and none for a value that a recipient might read as another
// one: with a control character, with whitespace at its ends (it would be trimmed away), or an array's
// element with a space in it (it would be split).
[[nodiscard]] std::string identity_lines(const policy::policy& p, const json::value& claims,
                                         const policy::scope_set& effective);

// The claim `client_id`, or `azp` where there is none; empty where there is neither.
[[nodiscard]] std::string client_id_of(const json::value& claims);

} // namespace scopegate::tokens
