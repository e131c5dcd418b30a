// A verification key as a JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037): a public key or, from the
// configuration only, an HMAC secret. Signing keys are in sign.hpp.
#pragma once

#include "base/json.hpp"
#include "base/secret.hpp"
#include "jose/algorithm.hpp"
#include "jose/verifier.hpp"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <vector>

namespace scopegate::jose {

// Limits of RSA moduli. Smaller ones are too weak (RFC 7518 section 3.3). Larger ones would make each
// verification expensive.
inline constexpr int min_rsa_bits = 2048;
inline constexpr int max_rsa_bits = 16384;

// Immutable, movable, safe to use from many threads.
class jwk final {
public:
    // Parses a public key for verification. Fails with a description that never contains key material, for:
    // - an unknown type of key, or missing or malformed members;
    // - private members (d, p, ...);
    // - a `use` other than sig and jwt-svid (SPIFFE's), or `key_ops` without verify;
    // - an `alg` that does not fit the key;
    // - RSA outside the limits above, or a point that is not on its curve.
    [[nodiscard]] static boost::system::result<jwk, std::string> parse(const json::value& members);
    // Does the same for a key that its issuer has published. If it has no members of its type, such as `n`
    // and `e`, it is the key of the first certificate in `x5c` (RFC 7517 section 4.7). If it has both, they
    // must be the same key. The chain and the dates of the certificates do not matter: the issuer vouches
    // for a key by publishing it. A key that a client sends is never read so: its thumbprint would be that
    // of other members. The member `issuer`, with which Entra ID says whose tokens the key signs, must be a
    // string.
    [[nodiscard]] static boost::system::result<jwk, std::string> parse_published(const json::value& members);

    // Makes a key from a configured HMAC secret. It fits the HS algorithms whose hash is at most as long as
    // the secret (RFC 7518 section 3.2).
    [[nodiscard]] static jwk from_secret(const secret& octets);

    [[nodiscard]] const std::optional<std::string>& kid() const noexcept { return kid_; }
    // Returns the member `issuer` of a published key.
    [[nodiscard]] const std::optional<std::string>& issuer() const noexcept { return issuer_; }
    // Returns the verifier of this algorithm's signatures, or null if type, curve, size or `alg` of the key
    // do not fit. It lives as long as the key.
    [[nodiscard]] const verifier* verifier_for(algorithm a) const noexcept;

private:
    jwk() = default;
    [[nodiscard]] static boost::system::result<jwk, std::string> parse(const json::value& members,
                                                                       bool reads_certificates);

    std::optional<std::string> kid_, issuer_;
    std::vector<verifier> verifiers_; // one per algorithm that fits, in no order
};

// Returns the JWK's SHA-256 thumbprint as base64url (RFC 7638, RFC 8037 section 2). Returns nothing unless it
// is an RSA, EC or OKP key whose required members are strings. Does not validate the values of the members.
[[nodiscard]] std::optional<std::string> thumbprint(const json::value& members);

} // namespace scopegate::jose
