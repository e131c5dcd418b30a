// One key prepared to verify one algorithm's signatures: the hot path of tokens that are new. All that
// OpenSSL has to look up (digest, padding, provider) is looked up once, when the key set is read; checks use
// the prepared context, or a duplicate of it.
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
    // For an asymmetric algorithm that fits the key's type; shares ownership of the key. Throws
    // std::runtime_error where OpenSSL can't do it.
    verifier(algorithm a, evp_pkey_st* key);
    // For HS256, HS384, HS512.
    verifier(algorithm a, const secret& key);
    ~verifier();
    verifier(verifier&&) noexcept;
    verifier& operator=(verifier&&) noexcept;

    [[nodiscard]] algorithm for_algorithm() const noexcept { return algorithm_; }
    // Whether `signature` (the decoded third part of a JWS) is this key's signature of `input`. Whatever its
    // length and content, the answer is a plain no and no error is left in OpenSSL's queue. Throws
    // std::bad_alloc where memory runs out, which says nothing about the signature.
    [[nodiscard]] bool verify(std::string_view input, std::string_view signature) const;

private:
    struct prepared;
    algorithm algorithm_;
    std::unique_ptr<const prepared> prepared_;
};

} // namespace scopegate::jose
