// Splits and verifies a compact JWS (RFC 7515 section 7.1), strictly. Only the header members alg, kid and
// typ are used. jwk, jku, x5u and x5c would let the token choose its own key and are never read.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"
#include "jose/algorithm.hpp"
#include "jose/jwk.hpp"
#include "jose/jwks.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scopegate::jose {

// The maximum nesting depth of a header or payload. Real ones have up to five levels.
inline constexpr std::size_t max_token_depth = 16;

struct protected_header {
    algorithm alg = algorithm::rs256;
    std::optional<std::string> kid, typ;
    json::value members; // the whole header, an object
};

struct compact_jws {
    // Header and payload as received, with the dot: a view into the token's text.
    std::string_view signing_input;
    protected_header header;
    std::string payload;   // decoded
    std::string signature; // decoded
};

// Splits a compact JWS, without verifying anything. Fails with:
// - malformed_token: not three parts of strict base64url; a header that is not a strict JSON object; an alg,
//   kid or typ that is not a string.
// - unsupported_algorithm: `none` in any spelling, and all others that algorithm.hpp lacks.
// - critical_header: `crit` or `b64`; no extension is understood.
// The caller limits the length of the token.
[[nodiscard]] result<compact_jws> split(std::string_view token);

// Parses a payload as the claims of a JWT: a strict JSON object. Fails with malformed_token otherwise (RFC
// 7519 section 7.2).
[[nodiscard]] result<json::value> parse_claims(std::string_view payload);

// Returns whether the signature over this input is by this key with this algorithm. Returns false if the key
// does not fit the algorithm.
[[nodiscard]] bool verify(std::string_view signing_input, std::string_view signature, algorithm a,
                          const jwk& key);

// Verifies the token's signature with the keys of its issuer. Fails with bad_signature, unknown_key (newer
// keys may include it), or unsupported_algorithm (the keys that the token names are known, but none fits its
// algorithm). The caller has checked that the issuer permits the algorithm. See jwk_set::select for
// `issuers`.
[[nodiscard]] result<void> verify(const compact_jws& token, const jwk_set& keys,
                                  std::span<const std::string> issuers = {});

} // namespace scopegate::jose
