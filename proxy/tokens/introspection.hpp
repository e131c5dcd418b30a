// OAuth 2.0 Token Introspection (RFC 7662) as messages: which tokens are asked about, the question, and what
// an answer says. Pure: the asking is introspector's.
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

// Returns the strict JSON object that a part of a token encodes; nothing if it encodes something else.
[[nodiscard]] std::optional<json::value> object_in(std::string_view part);

// The form of a token. A JWS begins with a JOSE header, whole or broken. A JWE (RFC 7516 section 7.1) is
// opaque to everybody but its issuer. Anything else is opaque.
enum class token_form : std::uint8_t { opaque, encrypted, jws };
[[nodiscard]] token_form form_of(std::string_view token);

// Returns whether the issuer that introspects is to be asked about a token. An opaque one: yes. An encrypted
// one: unless its header names another issuer. A JWS: only if it carries the issuer's `iss` and the issuer
// has no keys to check it with. Another issuer's JWT, or a broken one, is never shown to an endpoint: its
// bearer's rights are in it.
[[nodiscard]] bool is_introspected(std::string_view token, const policy::issuer_settings& issuer);

// The question, with the token and the client's credentials in it. Of an issuer that introspects. Throws
// std::runtime_error where OpenSSL can't sign.
[[nodiscard]] net::http_request introspection_request(const policy::issuer_settings& issuer,
                                                      std::string_view token, wall_time now);

// What the endpoint said of a token: its claims where `why` is allowed; token_inactive;
// introspection_unavailable where it said nothing that makes sense.
struct introspected {
    failure why = reason::introspection_unavailable;
    json::value claims;
};
// Reads the body of an answer with status 200: a strict JSON object, where only `"active": true` counts.
[[nodiscard]] introspected read_introspection(std::string_view body);

} // namespace scopegate::tokens
