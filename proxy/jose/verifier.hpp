// One key, prepared to verify one algorithm's signatures: the hot path for new tokens. OpenSSL's lookups
// (digest, padding, provider) happen once, when the key set is read. Checks use the prepared context or a
// duplicate of it.
#pragma once

#include "base/secret.hpp"
#include "jose/algorithm.hpp"

#include <memory>
#include <string_view>

struct evp_pkey_st;

namespace scopegate::jose {

// Movable, immutable, and safe to call from many threads at once.
class verifier final {
public:
    // Prepares an asymmetric algorithm that fits the key's type. Shares ownership of the key. Throws
    // std::runtime_error if OpenSSL fails.
    verifier(algorithm a, evp_pkey_st* key);
    // Prepares HS256, HS384 or HS512.
    verifier(algorithm a, const secret& key);
    ~verifier();
    verifier(verifier&&) noexcept;
    verifier& operator=(verifier&&) noexcept;

    [[nodiscard]] algorithm for_algorithm() const noexcept { return algorithm_; }
    // Returns whether `signature` (the decoded third part of a JWS) is this key's signature of `input`. An
    // invalid length or content only makes it return false, and leaves no error in OpenSSL's queue. Throws
    // std::bad_alloc if memory runs out, which does not mean that the signature is bad.
    [[nodiscard]] bool verify(std::string_view input, std::string_view signature) const;

private:
    struct prepared;
    algorithm algorithm_;
    std::unique_ptr<const prepared> prepared_;
};

} // namespace scopegate::jose
