// Compact JWS (RFC 7515 section 7.1): taken apart strictly, and verified. The only header members that are
// used are alg, kid and typ; jwk, jku, x5u and x5c would let the token choose its own key and are never
// looked at.
#pragma once

#include "base/errc.hpp"
#include "base/json.hpp"
#include "jose/algorithm.hpp"
#include "jose/jwk.hpp"
#include "jose/jwks.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::jose {

// How deep a header or a payload may be nested. Real ones have up to five levels.
inline constexpr std::size_t max_token_depth = 16;

struct protected_header {
    algorithm alg = algorithm::rs256;
    std::optional<std::string> kid, typ;
    json::value members; // the whole header, an object
};

struct compact_jws {
    std::string_view
        signing_input; // header and payload as they came, with the dot: a view into the token's text
    protected_header header;
    std::string payload;   // decoded
    std::string signature; // decoded
};

// A compact JWS taken apart; nothing in it is verified yet. Fails with malformed_token (not three parts of
// strict base64url, a header that is no strict JSON object or whose alg, kid or typ are no
// strings), unsupported_algorithm (`none` in any spelling and all else that algorithm.hpp lacks),
// critical_header (`crit` or `b64`: no extension is understood). The caller bounds the token's length.
[[nodiscard]] result<compact_jws> split(std::string_view token);

// A payload as the claims of a JWT: a strict JSON object; malformed_token otherwise (RFC 7519 section 7.2).
[[nodiscard]] result<json::value> parse_claims(std::string_view payload);

// Whether the signature is this key's of this input by this algorithm; false where the key does not fit the
// algorithm.
[[nodiscard]] bool verify(std::string_view signing_input, std::string_view signature, algorithm a,
                          const jwk& key);

// The token's signature against the keys of its issuer: allowed, bad_signature, unknown_key (newer keys may
// have it), or unsupported_algorithm (the keys that it names are known and none is for its algorithm).
// Whether the issuer permits the algorithm has been asked before.
[[nodiscard]] failure verify(const compact_jws& token, const jwk_set& keys);

} // namespace scopegate::jose
