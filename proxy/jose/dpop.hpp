// DPoP proofs (RFC 9449 section 4): a small JWT by which a request proves that its sender holds the key that
// the token is bound to. Pure. Whether the proof names the request's URI, has a nonce of ours and was not
// used before is asked by whoever knows that (gate/binding.hpp).
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

// Of a proof's text, and of its jti, which is remembered. Real ones have some 500 and 36 bytes.
inline constexpr std::size_t max_proof_bytes = 8 * 1024;
inline constexpr std::size_t max_proof_id_bytes = 256;
// The largest modulus of an RSA key, in bits; its exponent is 65537.
inline constexpr std::size_t max_proof_rsa_bits = 4096;
// How old its iat may be, and how far in the future.
inline constexpr std::chrono::seconds max_proof_age{60};
inline constexpr std::chrono::seconds max_proof_lead{5};

// The request that a proof must be made for. Views: for the call only.
struct proven_request {
    std::string_view method;     // letter case counts
    std::string_view token;      // as it was sent
    std::string_view thumbprint; // of the key that the token is bound to
};

class dpop_proof final {
public:
    // Takes it apart as strictly as any JWS (see split); nothing in it is verified yet. Refers to `text`.
    // Fails with invalid_proof alone, and a cause: the text is too long or not a strict compact JWS, its
    // `typ` is not dpop+jwt, its algorithm is symmetric, `jwk` is not a plain public key, or an RSA key is
    // large or has an unusual exponent. A claim may be missing or of the wrong type: jti (not empty, not too
    // long), htm, htu, iat, ath, and nonce if it is present.
    [[nodiscard]] static result<dpop_proof> parse(std::string_view text);

    // Returns cause::none for a proof that was made for this request, by that key, and not long ago;
    // otherwise what differs.
    [[nodiscard]] cause mismatch(const proven_request& asked, wall_time now) const;
    // Whether its key signed it: the one check that is dear.
    [[nodiscard]] bool is_signed() const;

    [[nodiscard]] const std::string& thumbprint() const noexcept
    {
        return thumbprint_;
    }                                                                      // of its key, RFC 7638
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
