// Selects the issuer of a token by its `iss`, and the rules that its claims must pass. Pure.
#pragma once

#include "base/errc.hpp"
#include "jose/claims.hpp"
#include "policy/policy.hpp"

#include <cstddef>
#include <string_view>

namespace scopegate::tokens {

// Returns the token's `iss` if it is a string, otherwise an empty view. A view into `claims`.
[[nodiscard]] std::string_view iss_of(const json::value& claims);

// Returns the one issuer whose name equals the token's `iss` byte for byte, or whose tenant it is; or the
// trust domain that its `sub` names (jose/spiffe.hpp). The claims are unverified: they only select the
// configured issuer whose keys and rules the token must pass.
[[nodiscard]] result<std::size_t> issuer_of(const policy::policy& p, const json::value& claims);

// Returns the rules for a token with this `iss`. Views into both.
[[nodiscard]] jose::claim_rules rules_of(const policy::issuer_settings& issuer, std::string_view iss);

} // namespace scopegate::tokens
