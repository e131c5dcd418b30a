// An issuer's verification keys (RFC 7517 section 5), and which of them a token is tried against. Shared
// between threads as std::shared_ptr<const jwk_set>.
#pragma once

#include "base/secret.hpp"
#include "jose/algorithm.hpp"
#include "jose/jwk.hpp"

#include <boost/container/static_vector.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::jose {

// How many keys one token is tried against: bounds what a forged token costs.
inline constexpr std::size_t max_candidates = 8;
// How long a JWK set's text may be. (Certificates in x5c make real ones long.)
inline constexpr std::size_t max_jwk_set_bytes = 1024 * 1024;
// How many keys it may hold; real ones hold two to a dozen.
inline constexpr std::size_t max_jwk_set_keys = 500;

class jwk_set final {
public:
    // Of a JWK set's text. A broken or unfit key is passed over, with a sentence in `warnings` that names its
    // kid or its position (from 1) and never key material; so is an `oct` key: a secret that is published is
    // none. Fails with one sentence where the text is no JWK set at all. A set may turn out empty(): whether
    // that replaces a good one is the caller's choice.
    [[nodiscard]] static boost::system::result<jwk_set, std::string>
    parse(std::string_view text, std::vector<std::string>& warnings);
    // One HMAC key, for whatever kid a token names.
    [[nodiscard]] static jwk_set from_secret(const secret& octets);

    struct selection {
        boost::container::static_vector<const verifier*, max_candidates>
            candidates; // live as long as the set
        // No candidates, and newer keys may have some: the kid is in none of the set's keys, usable or not,
        // or the set is empty. False with no candidates: the keys are known, and none of them fits the
        // algorithm.
        bool unknown_key = false;
    };
    // The keys to try a token against, in the set's order. With a kid those of just that kid (several may
    // share it), without one all that fit the algorithm.
    [[nodiscard]] selection select(const std::optional<std::string>& kid, algorithm a) const;

    // The kids of its usable keys, in the set's order; keys without one are left out.
    [[nodiscard]] std::vector<std::string> kids() const;

    [[nodiscard]] bool empty() const noexcept { return keys_.empty(); }
    [[nodiscard]] std::size_t size() const noexcept { return keys_.size(); } // usable keys

private:
    jwk_set() = default;

    std::vector<jwk> keys_;
    std::vector<std::string>
        refused_kids_;     // of keys that were passed over: fetching them again won't mend them
    bool any_kid_ = false; // of a secret
};

} // namespace scopegate::jose
