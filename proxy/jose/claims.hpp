// Checks the claims of a JWT (RFC 7519 section 4, RFC 8725, RFC 9068). Pure: time and the issuer's settings
// are arguments. Every check fails with the first error, whose cause names the claim. A registered claim of
// the wrong type is always malformed_token. A claim that is null counts as absent once without_nulls() has
// removed it.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/json.hpp"
#include "jose/names_claim.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::jose {

// Checks the header's `typ`. It may be absent, `JWT` or `at+jwt`, in any letter case and with or without
// `application/`. With `access_token_only`, it must be `at+jwt`. Fails with wrong_token_type otherwise: an ID
// token or a logout token is not an access token. A JWT-SVID (`svid`) may also have `JOSE`.
[[nodiscard]] result<void> check_type(const std::optional<std::string>& typ, bool access_token_only,
                                      bool svid = false);

// Checks that `iss` is a string and equals the issuer byte for byte. Fails with missing_claim or
// unknown_issuer otherwise. If the issuer is a SPIFFE trust domain, `iss` may be absent, and `sub` must be in
// the trust domain. A token with another `iss` is never one of the trust domain, whatever its `sub` says.
[[nodiscard]] result<void> check_issuer(const json::value& claims, std::string_view issuer);

// Checks that `tid`, if present, is a string (malformed_token) and names this tenant of an issuer that has
// several (wrong_claim).
[[nodiscard]] result<void> check_tenant(const json::value& claims, std::string_view tenant);

// Checks that `exp` is present (missing_claim) and in the future (token_expired), and that `nbf` and `iat`,
// if present, are not in the future (token_not_yet_valid). The skew applies in each case. Safe with every
// number that a token can contain.
[[nodiscard]] result<void> check_times(const json::value& claims, wall_time now, std::chrono::seconds skew);

// Checks that the claim is one of the audiences, or an array of strings that contains one of them. Strings
// are compared whole. Fails with missing_claim or wrong_audience otherwise. An empty `audience` accepts
// nothing.
[[nodiscard]] result<void> check_audience(const json::value& claims, const json::path& claim,
                                          std::span<const std::string> audience);

// Checks that each claim is present (missing_claim) and has exactly one of the required values (wrong_claim).
using required_claim = std::pair<json::path, std::vector<json::value>>;
[[nodiscard]] result<void> check_required(const json::value& claims,
                                          std::span<const required_claim> required);

// Checks that `sub` and `jti` are strings if present. With `access_token_only`, all claims that RFC 9068
// section 2.2 requires must be present (missing_claim): iss, exp, aud, sub, client_id, iat, jti.
[[nodiscard]] result<void> check_shape(const json::value& claims, bool access_token_only);

struct claim_rules { // views into the issuer's settings
    std::string_view issuer;
    const json::path& audience_claim;
    std::span<const std::string> audience;
    std::span<const required_claim> required;
    std::chrono::seconds skew{30};
    bool access_token_only = false;
    std::string_view tenant{}; // of an issuer that has several; empty: `tid` is not compared
};
// Runs all of the above checks of claims, in the order above.
[[nodiscard]] result<void> check_claims(const json::value& claims, const claim_rules& rules, wall_time now);

// Does the same for the response of an introspection endpoint (RFC 7662 section 2.2), which may omit claims
// that a JWT requires. `iss` and the times are checked if present. The audience is checked if the rules list
// one. access_token_only has no effect, because only JWTs have the header `typ`. An endpoint reports refresh
// tokens and ID tokens as active too. So a response whose `token_use`, `typ` or `token_type` names another
// kind than an access token is wrong_token_type.
[[nodiscard]] result<void> check_introspected(const json::value& claims, const claim_rules& rules,
                                              wall_time now);

// Returns the object without members that are null: many serializers write every member that they know. `cnf`
// stays, so that a broken condition does not count as no condition.
[[nodiscard]] json::value without_nulls(json::value object);

// Returns a NumericDate (RFC 7519 section 2), rounded down to milliseconds. Returns nothing if `v` is not a
// number or too large for a double. Dates beyond the year 30,000 in either direction are clamped, so that
// adding a skew never overflows.
[[nodiscard]] std::optional<wall_time> numeric_date(const json::value& v);

// Returns the token's scopes: the union of the claims, in the order of first appearance, each once. The
// result holds views into `claims`.
[[nodiscard]] std::vector<std::string_view> scopes_of(const json::value& claims,
                                                      std::span<const names_claim> scope_claims);

} // namespace scopegate::jose
