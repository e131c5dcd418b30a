// `issuers[].introspection` (RFC 7662): the endpoint that introspects opaque tokens.
#pragma once

#include "config/issuer_keys.hpp"

namespace scopegate::config {

void read_introspection(compilation& c, const node& value, issuer_entry& into);

// Checks an issuer with introspection. It has no keys unless the file names them, and may omit settings that
// only JWTs need. At most one such issuer is allowed: a token that names no issuer must not be sent to a
// server that did not issue it.
void check_introspection(compilation& c, issuer_entry& entry, const node& issuer);

[[nodiscard]] section introspection_section();

} // namespace scopegate::config
