// An issuer that is a SPIFFE trust domain, whose tokens are JWT-SVIDs.
#pragma once

#include "config/issuer_keys.hpp"

namespace scopegate::config {

// Returns whether the issuer's name begins with `spiffe://`.
[[nodiscard]] bool is_trust_domain(const issuer_entry& entry) noexcept;

// Checks the name of a trust domain and its settings: its keys must be named, because it has no metadata, and
// only what JWT-SVIDs have may be asked for. Without `algorithms`, those of SPIFFE are accepted.
void check_trust_domain(compilation& c, issuer_entry& entry);

} // namespace scopegate::config
