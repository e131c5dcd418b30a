// DPoP proofs (RFC 9449 section 4): a small JWT by which a request proves that its sender holds the key that
// the token is bound to. Pure. access/binding.hpp checks whether the proof names the request's URI, has a
// nonce of ours and was not used before.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "jose/jws.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::jose {

// Limits for the text of a proof, and for its jti, which is remembered. Real ones have about 500 and 36
// bytes.
inline constexpr std::size_t max_proof_bytes = 8 * 1024;
inline constexpr std::size_t max_proof_id_bytes = 256;
// The largest modulus of an RSA key, in bits. Its exponent must be 65537.
inline constexpr std::size_t max_proof_rsa_bits = 4096;
// How far its iat may be in the past, and in the future.
inline constexpr std::chrono::seconds max_proof_age{60};
inline constexpr std::chrono::seconds max_proof_lead{5};

// The request that a proof must be made for. The views need only live for the call.
struct proven_request {
    std::string_view method;     // case-sensitive
    std::string_view token;      // as sent
    std::string_view thumbprint; // of the key that the token is bound to
};

class dpop_proof final {
public:
    // Parses a proof as strictly as any JWS (see split), without verifying it. Refers to `text`. Fails only
    // with invalid_proof and a cause:
    // - the text is too long or not a strict compact JWS;
    // - `typ` is not dpop+jwt;
    // - the algorithm is symmetric;
    // - `jwk` is not a plain public key, or is an RSA key that is too large or has an unusual exponent;
    // - a claim is missing or of the wrong type: jti (not empty, not too long), htm, htu, iat, ath, and nonce
    //   if present.
    [[nodiscard]] static result<dpop_proof> parse(std::string_view text);

    // Checks that the proof was made for this request, with that key, and recently. Fails with invalid_proof
    // and the first mismatch as its cause.
    [[nodiscard]] result<void> check(const proven_request& asked, wall_time now) const;
    // Returns whether its key signed it. This is the only expensive check.
    [[nodiscard]] bool is_signed() const;

    // Returns the thumbprint of its key (RFC 7638).
    [[nodiscard]] const std::string& thumbprint() const noexcept { return thumbprint_; }
    [[nodiscard]] const std::string& uri() const noexcept { return uri_; } // htu
    [[nodiscard]] const std::string& id() const noexcept { return id_; }   // jti
    [[nodiscard]] const std::optional<std::string>& nonce() const noexcept { return nonce_; }
    [[nodiscard]] wall_time issued() const noexcept { return issued_; } // iat

private:
    dpop_proof() = default;

    compact_jws jws_;
    std::string thumbprint_, method_, uri_, id_, token_hash_;
    std::optional<std::string> nonce_;
    wall_time issued_;
};

} // namespace scopegate::jose
