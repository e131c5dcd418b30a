// Claims that are there and say nothing: in another shape than this proxy reads. Their token is valid and
// does less than its issuer meant; the cause lets the operator see why.
#pragma once

#include "base/cause.hpp"
#include "policy/policy.hpp"

namespace scopegate::tokens {

// Returns the first of these, or cause::none. A claim of scopes or permissions is neither text nor a list of
// texts; nor is the claim of roles, or none of its roles is one that the file lists.
[[nodiscard]] cause oddity_of(const policy::policy& p, const policy::issuer_settings& issuer,
                              const json::value& claims);

} // namespace scopegate::tokens
