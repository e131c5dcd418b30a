// Builds and reads the messages of OAuth 2.0 Token Introspection (RFC 7662), and selects the tokens to
// introspect. Pure: introspector does the I/O.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/json.hpp"
#include "net/http_client.hpp"
#include "policy/settings.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::tokens {

// Returns the strict JSON object that a token's part encodes, or nothing if it encodes something else.
[[nodiscard]] std::optional<json::value> object_in(std::string_view part);

// A token's form. A JWS begins with a JOSE header, complete or broken. Only the issuer can read a JWE (RFC
// 7516 section 7.1). Everything else is opaque.
enum class token_form : std::uint8_t { opaque, encrypted, jws };
[[nodiscard]] token_form form_of(std::string_view token);

// Returns the `iss` in a JWS's payload, if it is a string. Unverified.
[[nodiscard]] std::optional<std::string> claimed_issuer(std::string_view token);

// Returns whether to introspect `token` at `issuer`, which must have an introspection endpoint. Opaque tokens
// are introspected. Encrypted ones are, unless their header names another issuer. A JWS is introspected only
// if its `iss` is this issuer and the issuer has no keys to verify it with. Another issuer's JWT, or a broken
// one, is never sent to the endpoint: it is a credential of its bearer. The JWTs that `also: jwt` introspects
// are not meant: they are verified first.
[[nodiscard]] bool is_introspected(std::string_view token, const policy::issuer_settings& issuer);

// Returns the introspection request, which carries the token and the client's credentials. `issuer` must have
// an introspection endpoint. Throws std::runtime_error if OpenSSL can't sign.
[[nodiscard]] net::http_request introspection_request(const policy::issuer_settings& issuer,
                                                      std::string_view token, wall_time now);

// Returns the token's claims in an introspection result. Fails with token_inactive unless it has
// `"active": true`.
[[nodiscard]] result<json::value> claims_of_active(json::value result);

// Reads the body of a 200 response and returns the token's claims. Fails with token_inactive unless it has
// `"active": true`, and with introspection_unavailable if it is not a strict JSON object.
[[nodiscard]] result<json::value> read_introspection(std::string_view body);

} // namespace scopegate::tokens
