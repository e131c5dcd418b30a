// The proof of possession that a token demands (`cnf`, RFC 7800): the key of DPoP proofs (RFC 9449 section
// 6.1), a client certificate (RFC 8705 section 3.1), or both. Pure.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"

#include <string>

namespace scopegate::jose {

// SHA-256 thumbprints as base64url; empty if not demanded.
struct confirmation {
    std::string key;         // jkt
    std::string certificate; // x5t#S256

    [[nodiscard]] bool empty() const noexcept { return key.empty() && certificate.empty(); }
};

// Reads the confirmation from a token's claims, or from the response of an introspection endpoint. The result
// is empty without `cnf`. Fails with unbound_token if any member is not understood (jwk, jwe, kid, ...),
// because ignoring it would ignore a condition. Fails as well if `cnf` is not an object, is empty, or has a
// member that is not a thumbprint.
[[nodiscard]] result<confirmation> read_confirmation(const json::value& claims);

} // namespace scopegate::jose
