// Signed tokens for tests, in one line: a ready key per algorithm, made once per process.
#pragma once

#include "base/json.hpp"
#include "jose/algorithm.hpp"
#include "jose/jwks.hpp"
#include "jose/sign.hpp"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace scopegate::test {

// The process's key for this algorithm; the RSA algorithms share one key and its kid. Thread-safe; lives
// until the process ends.
[[nodiscard]] const jose::signing_key& key_for(jose::algorithm a);
// Another one for the same algorithm: a stranger's.
[[nodiscard]] const jose::signing_key& other_key_for(jose::algorithm a);

// A token with these claims (JSON text, not examined), its header `{"alg", "typ": "JWT", "kid"}` with
// `extras` on top.
[[nodiscard]] std::string make_token(std::string_view claims, jose::algorithm a = jose::algorithm::rs256,
                                     const json::object& extras = {});
[[nodiscard]] std::string make_token(std::string_view claims, const jose::signing_key& key,
                                     const json::object& extras = {});

// A JWK set's text with the public keys of these algorithms, and the same parsed. An HS algorithm stands
// alone in a set: keys_for({hs256}) is the set of that secret.
[[nodiscard]] std::string jwk_set_text(std::initializer_list<jose::algorithm> algorithms);
[[nodiscard]] std::shared_ptr<const jose::jwk_set>
keys_for(std::initializer_list<jose::algorithm> algorithms);

} // namespace scopegate::test
