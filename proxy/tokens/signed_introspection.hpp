// Reads and verifies signed introspection results (RFC 9701): JWTs of the issuer that only this resource
// server may use. Pure.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/json.hpp"
#include "policy/settings.hpp"

#include <optional>
#include <string_view>

namespace scopegate::jose {
class jwk_set;
}

namespace scopegate::tokens {

inline constexpr std::string_view signed_introspection_type = "application/token-introspection+jwt";

// Reads the claims of the token from the body of a 200 response, without verifying anything. Fails with
// token_inactive unless they have `"active": true`, and with introspection_unavailable if the body is no
// signed result.
[[nodiscard]] result<json::value> read_signed_introspection(std::string_view body);

// Returns the `exp` of such a body itself, not that of the token, if it has one that is a date.
[[nodiscard]] std::optional<wall_time> expiry_of_signed_introspection(std::string_view body);

// Verifies a body that read_signed_introspection() has read: its type, the signature with the issuer's keys,
// its issuer, that it is for our client, that it was made recently and has not expired. `now` may be later
// than the response by the time that results are cached. Fails with introspection_unavailable: the fault is
// not the token's.
[[nodiscard]] result<void> verify_signed_introspection(std::string_view body,
                                                       const policy::issuer_settings& issuer,
                                                       const jose::jwk_set* keys, wall_time now);

} // namespace scopegate::tokens
