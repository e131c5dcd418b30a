// Key pairs between JSON Web Keys and OpenSSL, for signing_key. For jose/'s own sources; throws
// std::runtime_error in words without key material.
#pragma once

#include "base/json.hpp"
#include "jose/key_type.hpp"

#include <memory>
#include <string>

struct evp_pkey_st;

namespace scopegate::jose {

// Throws what went wrong, and leaves nothing in OpenSSL's error queue.
[[noreturn]] void fail(const std::string& what);
void require(bool done, const char* what);

// Throws for a key that no algorithm of ours uses.
[[nodiscard]] key_type type_of(const evp_pkey_st* key);

// A member as text (empty: not there, or no string), and as the octets that it encodes (throws where it is
// neither).
[[nodiscard]] std::string text_of(const json::value& jwk, const char* name);
[[nodiscard]] std::string octets_of(const json::value& jwk, const char* name);

// The key pair of a private RSA, EC or OKP key whose halves belong together.
[[nodiscard]] std::shared_ptr<evp_pkey_st> key_pair_of(const json::value& jwk);

// The members of the key's type: the public ones, and the private ones too if asked for.
[[nodiscard]] json::object members_of(const evp_pkey_st* key, bool with_private);

} // namespace scopegate::jose
