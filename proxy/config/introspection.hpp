// `issuers[].introspection` (RFC 7662): the endpoint that is asked about opaque tokens.
#pragma once

#include "config/issuer_keys.hpp"

namespace scopegate::config {

void read_introspection(compilation& c, const node& value, issuer_entry& into);

// An issuer that introspects has no keys unless the file names them, and may leave out what JWTs need; there
// is one such issuer at most, because a token that names none must not be shown to a server that did not
// issue it.
void check_introspection(compilation& c, issuer_entry& entry, const node& issuer);

[[nodiscard]] section introspection_section();

} // namespace scopegate::config
