// Signed tokens for tests in one line, with one key per algorithm and process.
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

// Returns the process's key for this algorithm. The RSA algorithms share one key and its kid. Thread-safe;
// the key lives until the process ends.
[[nodiscard]] const jose::signing_key& key_for(jose::algorithm a);
// Returns a stranger's key for the same algorithm.
[[nodiscard]] const jose::signing_key& other_key_for(jose::algorithm a);

// Returns a token with these claims (JSON text, which is not checked). Its header is `{"alg", "typ": "JWT",
// "kid"}` plus `extras`.
[[nodiscard]] std::string make_token(std::string_view claims, jose::algorithm a = jose::algorithm::rs256,
                                     const json::object& extras = {});
[[nodiscard]] std::string make_token(std::string_view claims, const jose::signing_key& key,
                                     const json::object& extras = {});

// Returns a JWK set's text with the public keys of these algorithms, and the same set parsed. An HS algorithm
// stands alone in a set: keys_for({hs256}) is the set of that secret.
[[nodiscard]] std::string jwk_set_text(std::initializer_list<jose::algorithm> algorithms);
[[nodiscard]] std::shared_ptr<const jose::jwk_set>
keys_for(std::initializer_list<jose::algorithm> algorithms);

} // namespace scopegate::test
