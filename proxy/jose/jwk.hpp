// A verification key as a JSON Web Key gives it (RFC 7517, RFC 7518 section 6, RFC 8037). Public keys and,
// from the configuration only, HMAC secrets; signing keys are in sign.hpp.
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

// Limits of RSA moduli. Below: too weak (RFC 7518 section 3.3). Above: a key set that makes each verification
// dear.
inline constexpr int min_rsa_bits = 2048;
inline constexpr int max_rsa_bits = 16384;

// Immutable, movable, safe to use from many threads.
class jwk final {
public:
    // A public key for verification. Fails with what is wrong with it, in words that never contain key
    // material: not a key of a known type, members missing or misshapen, private members (d, p, ...), `use`
    // other than sig, `key_ops` without verify, an `alg` that does not go with the key, RSA outside the
    // limits above, a point that is not on its curve.
    [[nodiscard]] static boost::system::result<jwk, std::string> parse(const json::value& members);

    // A configured HMAC secret. It fits the HS algorithms whose hash is no longer than it (RFC 7518
    // section 3.2).
    [[nodiscard]] static jwk from_secret(const secret& octets);

    [[nodiscard]] const std::optional<std::string>& kid() const noexcept { return kid_; }
    // What verifies this algorithm's signatures with this key; null where type, curve, size or `alg` do not
    // fit. Lives as long as the key.
    [[nodiscard]] const verifier* verifier_for(algorithm a) const noexcept;

private:
    jwk() = default;

    std::optional<std::string> kid_;
    std::vector<verifier> verifiers_; // one per algorithm that fits, in no order
};

// The JWK's SHA-256 thumbprint as base64url (RFC 7638, RFC 8037 section 2): of an RSA, EC or OKP key with the
// members that it needs, as strings; nothing for anything else. The members' values are not examined.
[[nodiscard]] std::optional<std::string> thumbprint(const json::value& members);

} // namespace scopegate::jose
