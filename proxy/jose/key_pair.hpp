// Converts key pairs between JSON Web Keys and OpenSSL, for signing_key. Only for sources in jose/. Throws
// std::runtime_error, with messages that contain no key material.
#pragma once

#include "base/json.hpp"
#include "jose/key_type.hpp"

#include <memory>
#include <string>

struct evp_pkey_st;

namespace scopegate::jose {

// Throws std::runtime_error with the message `what`, and clears OpenSSL's error queue.
[[noreturn]] void fail(const std::string& what);
void require(bool done, const char* what);

// Returns the type of a key. Throws if none of our algorithms uses it.
[[nodiscard]] key_type type_of(const evp_pkey_st* key);

// text_of() returns a member as text, or an empty string if it is absent or not a string. octets_of() returns
// the octets that the member encodes, and throws if it is absent or malformed.
[[nodiscard]] std::string text_of(const json::value& jwk, const char* name);
[[nodiscard]] std::string octets_of(const json::value& jwk, const char* name);

// Returns the key pair of a private RSA, EC or OKP key, after checking that the halves match.
[[nodiscard]] std::shared_ptr<evp_pkey_st> key_pair_of(const json::value& jwk);

// Returns the public members of the key's type, with the private ones if asked for.
[[nodiscard]] json::object members_of(const evp_pkey_st* key, bool with_private);

} // namespace scopegate::jose
