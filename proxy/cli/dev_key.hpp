// The local key that `scopegate token` signs with: a PEM file that only its owner may read, and beside it its
// public half as a JWKS file for `keys: file:...`. For development only.
#pragma once

#include "jose/sign.hpp"

#include <string>

namespace scopegate::cli {

inline constexpr const char* default_key_file = "scopegate-dev-key.pem";

struct dev_key {
    jose::signing_key key;
    std::string jwks_file; // the public half's
    bool made = false;     // there was none before
};

// The JWKS file that belongs to a key file: `scopegate-dev-keys.json` to `scopegate-dev-key.pem`,
// `x-keys.json` to `x.pem`.
[[nodiscard]] std::string jwks_file_of(const std::string& key_file);

// Reads the key, or makes one for `a` where the file does not exist; writes the JWKS file where that does
// not. Throws input_error for a file that can't be read or written, or holds no private key.
[[nodiscard]] dev_key open_dev_key(const std::string& key_file, jose::algorithm a);

} // namespace scopegate::cli
