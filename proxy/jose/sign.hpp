// Signing keys and signed tokens, for development (`scopegate token`, `scopegate demo`) and tests. Never used
// while serving requests. All functions throw std::runtime_error if OpenSSL or the input fails, with messages
// that contain no key material.
#pragma once

#include "base/json.hpp"
#include "base/secret.hpp"
#include "jose/algorithm.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace scopegate::jose {

// A private key or HMAC secret that signs with one algorithm. Cheap to copy: copies share the immutable key.
class signing_key final {
public:
    // Generates a key: RSA with 2048 bits, one on the algorithm's curve, Ed25519, or a random secret as long
    // as the hash.
    [[nodiscard]] static signing_key generate(algorithm a);
    // Reads a private key in PEM (PKCS#8 or the traditional form, unencrypted). RSA keys sign RS256, and EC
    // keys sign by their curve, unless `a` is given. Throws if the algorithm does not fit the key.
    [[nodiscard]] static signing_key from_pem(const secret& pem, std::optional<algorithm> a = {});
    // Reads the text of a private JWK (RFC 7518 section 6; RSA with its CRT members). Uses its `alg` and
    // `kid` if present.
    [[nodiscard]] static signing_key from_jwk(const secret& text, std::optional<algorithm> a = {});
    // Makes a key from an HMAC secret; `a` is an HS algorithm.
    [[nodiscard]] static signing_key from_secret(const secret& octets, algorithm a);

    [[nodiscard]] algorithm alg() const noexcept { return algorithm_; }
    // Returns the kid from the JWK or with_kid(), by default the public key's RFC 7638 thumbprint. Empty for
    // a secret.
    [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
    [[nodiscard]] signing_key with_kid(std::string kid) const;

    // Returns the public key as a JWK with kid, use and alg. Throws for a secret.
    [[nodiscard]] json::value public_jwk() const;
    [[nodiscard]] secret private_jwk() const;
    // Returns the HMAC secret itself; empty for other keys.
    [[nodiscard]] const secret& shared_secret() const noexcept { return octets_; }
    [[nodiscard]] secret private_pem() const; // PKCS#8; throws for a secret

    // Returns the JWS signature of the input, not encoded.
    [[nodiscard]] std::string sign(std::string_view input) const;

private:
    signing_key() = default;
    [[nodiscard]] static signing_key of(std::shared_ptr<evp_pkey_st> key, std::optional<algorithm> a);

    algorithm algorithm_ = algorithm::rs256;
    std::string kid_;
    std::shared_ptr<evp_pkey_st> key_; // null for a secret
    secret octets_;
};

// Returns {"keys": [...]} with the public keys. Omits secrets.
[[nodiscard]] std::string public_jwk_set(std::span<const signing_key> keys);

// Returns a compact JWS of the payload. The header has alg, typ `JWT` and the kid, if the key has one.
// `extras` adds or replaces members; a null removes one.
[[nodiscard]] std::string sign_compact(const signing_key& key, std::string_view payload,
                                       const json::object& extras = {});
// Does the same with exactly the given JSON text as header, valid or not.
[[nodiscard]] std::string sign_with_header(const signing_key& key, std::string_view header,
                                           std::string_view payload);

} // namespace scopegate::jose
