// What a token's bearer must prove to hold (`cnf`, RFC 7800): the key of its DPoP proofs (RFC 9449
// section 6.1), a client certificate (RFC 8705 section 3.1), or both. Pure.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"

#include <string>

namespace scopegate::jose {

// SHA-256 thumbprints as base64url; empty: not asked for.
struct confirmation {
    std::string key;         // jkt
    std::string certificate; // x5t#S256

    [[nodiscard]] bool empty() const noexcept { return key.empty() && certificate.empty(); }
};

// Of a token's claims, or of the answer of an introspection endpoint; empty where there is no `cnf`. Fails
// with unbound_token where one member of it is not understood (jwk, jwe, kid, ...): what was meant as a
// condition would be passed over. So is a `cnf` that is no object, is empty, or holds no thumbprint where one
// has to be.
[[nodiscard]] result<confirmation> read_confirmation(const json::value& claims);

} // namespace scopegate::jose
