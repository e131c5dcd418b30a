// The identity header lines that the upstream gets for a validated token (spec section 3, step 7). Which
// fields of the caller's own are dropped is the gate's matter.
#pragma once

#include "policy/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

// Names the issuer of the token, where the file trusts several: each of them can name the same subject.
inline constexpr std::string_view issuer_header = "X-Auth-Issuer";

// Returns the names of all headers that are Scopegate's word about the token: those of upstream.headers and
// issuer_header. A request never brings one of them to the upstream.
[[nodiscard]] std::vector<std::string> identity_names(const policy::policy& p);

// The lines of upstream.headers, `Name: value` and CRLF each. A claim's scalar as its text, an array of
// scalars joined by spaces, the effective scopes that the file declares in its order, the client's id. No
// line for what is absent, null, empty or nested, and none for a value that a recipient might read as another
// one: with a control character, with whitespace at its ends (it would be trimmed away), or an array's
// element with a space in it (it would be split). With several issuers the name of the token's own follows in
// issuer_header, unless upstream.headers says what that holds. `issuer`: the index of the token's issuer. At
// log level debug, what a claim holds and no line can carry is an event.
[[nodiscard]] std::string identity_lines(const policy::policy& p, std::size_t issuer,
                                         const json::value& claims, const policy::scope_set& effective);

// The claim `client_id`, or `azp` where there is none; empty where there is neither.
[[nodiscard]] std::string client_id_of(const json::value& claims);

} // namespace scopegate::tokens
