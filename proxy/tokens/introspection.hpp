// OAuth 2.0 Token Introspection (RFC 7662) as messages: which tokens are asked about, the question, and what
// an answer says. Pure: the asking is introspector's.
#pragma once

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/reason.hpp"
#include "net/http_client.hpp"
#include "policy/settings.hpp"

#include <string_view>

namespace scopegate::tokens {

// Whether a token is no JWT. What begins as a JOSE header does is one, broken or not, and is never shown to
// an introspection endpoint: another issuer may have made it, and its bearer's rights are in it.
[[nodiscard]] bool is_opaque(std::string_view token);

// The question, with the token and the client's credentials in it. Of an issuer that introspects. Throws
// std::runtime_error where OpenSSL can't sign.
[[nodiscard]] net::http_request introspection_request(const policy::issuer_settings& issuer,
                                                      std::string_view token, wall_time now);

// What the endpoint said of a token: its claims where `why` is allowed; token_inactive;
// introspection_unavailable where it said nothing that makes sense.
struct introspected {
    reason why = reason::introspection_unavailable;
    json::value claims;
};
// Reads the body of an answer with status 200: a strict JSON object, where only `"active": true` counts.
[[nodiscard]] introspected read_introspection(std::string_view body);

} // namespace scopegate::tokens
