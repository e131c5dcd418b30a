// What a JWT's claims must say before it counts (RFC 7519 section 4, RFC 8725, RFC 9068). Pure: time and the
// issuer's settings come as arguments. Every check answers reason::allowed or the first thing that is wrong,
// with the cause that names the claim; a registered claim of the wrong type is malformed_token wherever it is
// met. A claim that is null counts as absent once without_nulls() has taken it away.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/json.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::jose {

// The header's `typ`: absent, `JWT` or `at+jwt`, either with `application/`, in any letter case; only the
// latter with `access_token_only`. Otherwise wrong_token_type: an ID token or a logout token is no access
// token.
[[nodiscard]] failure check_type(const std::optional<std::string>& typ, bool access_token_only);

// `iss` is a string and byte for byte the issuer: missing_claim, unknown_issuer.
[[nodiscard]] failure check_issuer(const json::value& claims, std::string_view issuer);

// `exp` is there (missing_claim) and now is before it (token_expired); `nbf` and `iat`, if there, are not in
// the future (token_not_yet_valid); all within the skew. Safe with every number that a token can hold.
[[nodiscard]] failure check_times(const json::value& claims, wall_time now, std::chrono::seconds skew);

// The claim is one of the audiences, or an array of strings that has one of them; each compared whole:
// missing_claim, wrong_audience. An empty `audience` accepts nothing.
[[nodiscard]] failure check_audience(const json::value& claims, const json::path& claim,
                                     std::span<const std::string> audience);

// Each claim is there (missing_claim) with just that value (wrong_claim).
[[nodiscard]] failure check_required(const json::value& claims,
                                     std::span<const std::pair<json::path, json::value>> required);

// `sub` and `jti` are strings where they are there; with `access_token_only` all claims that RFC 9068
// section 2.2 requires are there (missing_claim): iss, exp, aud, sub, client_id, iat, jti.
[[nodiscard]] failure check_shape(const json::value& claims, bool access_token_only);

struct claim_rules { // views into the issuer's settings
    std::string_view issuer;
    const json::path& audience_claim;
    std::span<const std::string> audience;
    std::span<const std::pair<json::path, json::value>> required;
    std::chrono::seconds skew{30};
    bool access_token_only = false;
};
// All of the above that concern claims, in the order above.
[[nodiscard]] failure check_claims(const json::value& claims, const claim_rules& rules, wall_time now);

// The same for the answer of an introspection endpoint (RFC 7662 section 2.2), which may leave out what a JWT
// must have: `iss` and the times count where they are there, an audience where the rules name one. The header
// `typ` belongs to JWTs: access_token_only plays no part. A refresh token or an ID token is active too: what
// `token_use`, `typ` or `token_type` calls another kind than an access token is wrong_token_type.
[[nodiscard]] failure check_introspected(const json::value& claims, const claim_rules& rules, wall_time now);

// Returns the object without its members that are null: many serializers write all the members that they
// know. `cnf` stays, so that a broken condition is not taken for none.
[[nodiscard]] json::value without_nulls(json::value object);

// A NumericDate (RFC 7519 section 2), rounded down to milliseconds; nothing where v is no number or too large
// for a double. What lies beyond the year 30,000 either way is cut there, so that adding a skew never
// overflows.
[[nodiscard]] std::optional<wall_time> numeric_date(const json::value& v);

// The token's scopes: the union of the claims, in the order of their first appearance. A string is split at
// single spaces; an array's elements are taken whole, those that are no strings are passed over. Views into
// `claims`.
[[nodiscard]] std::vector<std::string_view> scopes_of(const json::value& claims,
                                                      std::span<const json::path> scope_claims);

} // namespace scopegate::jose
