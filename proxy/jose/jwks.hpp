// An issuer's verification keys (RFC 7517 section 5), and the choice of those that a token is verified with.
// Threads share it as std::shared_ptr<const jwk_set>.
#pragma once

#include "base/secret.hpp"
#include "jose/algorithm.hpp"
#include "jose/jwk.hpp"

#include <boost/container/static_vector.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::jose {

// The maximum number of keys that one token is verified with. Bounds the cost of a forged token.
inline constexpr std::size_t max_candidates = 8;
// The maximum size of a JWK set's text. Certificates in x5c make real ones long.
inline constexpr std::size_t max_jwk_set_bytes = 1024 * 1024;
// The maximum number of keys in a set. Real ones have two to a dozen.
inline constexpr std::size_t max_jwk_set_keys = 500;

class jwk_set final {
public:
    // Parses a key set in one of these forms:
    // - a JWK set, or SPIFFE's bundle, whose X.509 keys do not verify tokens;
    // - a map from kid to a certificate or public key in PEM, as Google and Firebase publish it;
    // - public keys and certificates in PEM, max_candidates at most. They have no kid, so each verifies
    //   tokens of any kid.
    // Ignores broken or unfit keys, and `oct` keys as well, because a published secret is no longer secret.
    // For each ignored key, `warnings` receives a sentence with its kid or position (from 1), never with key
    // material. Fails with one sentence if the text has another form. The result may be empty(). The caller
    // decides whether an empty set replaces a good one.
    [[nodiscard]] static boost::system::result<jwk_set, std::string>
    parse(std::string_view text, std::vector<std::string>& warnings);
    // Makes a set with one HMAC key, which is used for any kid that a token names.
    [[nodiscard]] static jwk_set from_secret(const secret& octets);

    struct selection {
        // They live as long as the set.
        boost::container::static_vector<const verifier*, max_candidates> candidates;
        // True if there are no candidates but newer keys may provide some: no key of the set, usable or not,
        // has the kid, or the set is empty. False without candidates if the keys are known and none of them
        // fits the algorithm.
        bool unknown_key = false;
    };
    // Returns the keys to verify a token with, in the set's order. With a kid, only keys with exactly that
    // kid (several may share it). Without a kid, all keys that fit the algorithm. With `issuers`, a key that
    // states another one in its member `issuer` does not count, as if the set lacked it.
    [[nodiscard]] selection select(const std::optional<std::string>& kid, algorithm a,
                                   std::span<const std::string> issuers = {}) const;

    // Returns the kids of the usable keys, in the set's order. Keys without a kid are omitted.
    [[nodiscard]] std::vector<std::string> kids() const;

    [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); } // usable keys

private:
    jwk_set() = default;
    void take_keys(const json::array& keys, std::vector<std::string>& warnings);
    void take_map(const json::object& by_kid, std::vector<std::string>& warnings);
    [[nodiscard]] std::string take_pem(std::string_view text, std::vector<std::string>& warnings);
    void refuse(const std::string* kid, std::string label, const std::string& why,
                std::vector<std::string>& warnings);

    std::vector<jwk> keys_;
    std::vector<std::string> refused_kids_; // of ignored keys: fetching them again won't repair them
    bool any_kid_ = false;                  // for a secret, and for PEM
};

} // namespace scopegate::jose
