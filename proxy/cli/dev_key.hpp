// Manages the local key that `scopegate token` signs with, a PEM file that only its owner can read. Next to
// it lies the public half as a JWKS file for `keys: file:...`. For development only.
#pragma once

#include "jose/sign.hpp"

#include <string>

namespace scopegate::cli {

inline constexpr const char* default_key_file = "scopegate-dev-key.pem";

struct dev_key {
    jose::signing_key key;
    std::string jwks_file; // of the public half
    bool created = false;  // whether the key was newly created
};

// Returns the JWKS file that belongs to a key file: `scopegate-dev-keys.json` for `scopegate-dev-key.pem`,
// `x-keys.json` for `x.pem`.
[[nodiscard]] std::string jwks_file_of(const std::string& key_file);

// Reads the key, or creates one for `a` if the file does not exist. Writes the JWKS file if that does not
// exist. Throws input_error if a file can't be read or written, or holds no private key.
[[nodiscard]] dev_key open_dev_key(const std::string& key_file, jose::algorithm a);

} // namespace scopegate::cli
