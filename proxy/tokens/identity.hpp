// Builds the identity headers that the upstream receives for a validated token. The gate drops the client's
// own headers of the same names.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

using policy::issuer_header;

// Returns the names of all headers that never reach the upstream as a client sends them. In those of
// upstream.headers and in issuer_header Scopegate vouches for the token; those of `tokens.from` may hold one.
[[nodiscard]] std::vector<std::string> identity_names(const policy::policy& p);

// Returns the lines of upstream.headers, each as `Name: value` and CRLF, in the forms that the file chose
// (see identity_value.hpp). The scopes are the effective ones that the policy declares, in the policy's
// order. A header can also carry the client's id (client_id_of()).
//
// An absent, null or empty value makes no line. The same applies to a value that a recipient might read
// differently, and to one that would make the lines longer than server.limits.headers; an event reports both.
//
// With several issuers, issuer_header follows with the name of the token's own issuer, unless
// upstream.headers defines that header. `issuer` is the index of the token's issuer.
[[nodiscard]] std::string identity_lines(const policy::policy& p, std::size_t issuer,
                                         const json::value& claims, const policy::scope_set& effective);

// Returns the claim `client_id`, or else `azp`, or else an empty string.
[[nodiscard]] std::string client_id_of(const json::value& claims);

} // namespace scopegate::tokens
