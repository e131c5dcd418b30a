// Signing keys and signed tokens, for development (`scopegate token`, `scopegate demo`) and for tests. Never
// on the way of a request. Everything here throws std::runtime_error, in words without key material, where
// OpenSSL or the input fails.
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

// A private key (or HMAC secret) that signs with one algorithm. Cheap to copy: copies share the key, which is
// immutable.
class signing_key final {
public:
    // A new key: RSA of 2048 bits, the algorithm's curve, Ed25519, or a random secret as long as the hash.
    [[nodiscard]] static signing_key generate(algorithm a);
    // A private key in PEM (PKCS#8 or the traditional form, unencrypted). RSA keys sign RS256 and EC keys by
    // their curve unless `a` says otherwise; an algorithm that does not fit the key throws.
    [[nodiscard]] static signing_key from_pem(const secret& pem, std::optional<algorithm> a = {});
    // A private JWK's text (RFC 7518 section 6; RSA with its CRT members). `alg` and `kid` are taken from it
    // where it has them.
    [[nodiscard]] static signing_key from_jwk(const secret& text, std::optional<algorithm> a = {});
    // An HMAC secret; `a` is an HS algorithm.
    [[nodiscard]] static signing_key from_secret(const secret& octets, algorithm a);

    [[nodiscard]] algorithm alg() const noexcept { return algorithm_; }
    // The public key's RFC 7638 thumbprint, or what the JWK or with_kid() says; empty for a secret.
    [[nodiscard]] const std::string& kid() const noexcept { return kid_; }
    [[nodiscard]] signing_key with_kid(std::string kid) const;

    // The public key as a JWK with kid, use and alg. Throws for a secret.
    [[nodiscard]] json::value public_jwk() const;
    [[nodiscard]] secret private_jwk() const;
    // The HMAC secret itself; empty for another key.
    [[nodiscard]] const secret& shared_secret() const noexcept { return octets_; }
    [[nodiscard]] secret private_pem() const; // PKCS#8; throws for a secret

    // The JWS signature of the input, not encoded.
    [[nodiscard]] std::string sign(std::string_view input) const;

private:
    signing_key() = default;
    [[nodiscard]] static signing_key of(std::shared_ptr<evp_pkey_st> key, std::optional<algorithm> a);

    algorithm algorithm_ = algorithm::rs256;
    std::string kid_;
    std::shared_ptr<evp_pkey_st> key_; // null for a secret
    secret octets_;
};

// {"keys": [...]} of the public keys; secrets are left out.
[[nodiscard]] std::string public_jwk_set(std::span<const signing_key> keys);

// A compact JWS of the payload. The header has alg, typ `JWT` and, where the key has one, kid; `extras` adds
// members or replaces them, a null removes one.
[[nodiscard]] std::string sign_compact(const signing_key& key, std::string_view payload,
                                       const json::object& extras = {});
// The same with the header's JSON text exactly as given, right or wrong.
[[nodiscard]] std::string sign_with_header(const signing_key& key, std::string_view header,
                                           std::string_view payload);

} // namespace scopegate::jose
