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

// Returns the lines of upstream.headers, each as `Name: value` and CRLF. A scalar claim becomes its text, and
// an array of scalars is joined by spaces. The scopes are the effective ones that the policy declares, in the
// policy's order. A header can also carry the client's id (client_id_of()).
//
// An absent, null, empty or nested value makes no line. The same applies to a value that a recipient might
// read differently. It may contain a control character, begin or end with whitespace (which would be
// trimmed), or be an array with a space inside an element (which would be split).
//
// With several issuers, issuer_header follows with the name of the token's own issuer, unless
// upstream.headers defines that header. `issuer` is the index of the token's issuer. At log level debug, an
// event reports each claim whose value can't be carried in a line.
[[nodiscard]] std::string identity_lines(const policy::policy& p, std::size_t issuer,
                                         const json::value& claims, const policy::scope_set& effective);

// Returns the claim `client_id`, or else `azp`, or else an empty string.
[[nodiscard]] std::string client_id_of(const json::value& claims);

} // namespace scopegate::tokens
