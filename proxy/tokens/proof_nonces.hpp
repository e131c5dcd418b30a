// Issues the server's nonces for DPoP proofs (RFC 9449 section 9). They show that a proof was made recently
// and not long in advance. Nothing is stored: a nonce is an HMAC of the time with a key of the process. All
// workers therefore issue and accept the same ones, whatever policy snapshot they serve.
#pragma once

#include "base/clock.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::tokens {

// Immutable. All nonces begin with the same mark, which tells another Scopegate process's nonces from the
// upstream's.
class proof_nonces final {
public:
    // The nonce changes once per period. A nonce is still accepted for one period after its successor
    // appears.
    static constexpr std::chrono::seconds period{60};

    // Creates a random key. Throws std::runtime_error without entropy.
    proof_nonces();
    explicit proof_nonces(secret key) : key_(std::move(key)) {}

    [[nodiscard]] std::string current(wall_time now) const;
    // Returns whether a Scopegate process issued the nonce, this one or another.
    [[nodiscard]] static bool is_marked(std::string_view nonce) noexcept;
    // Returns whether it is the current nonce or the previous one.
    [[nodiscard]] bool accepts(std::string_view nonce, wall_time now) const;

private:
    [[nodiscard]] std::string of_period(std::int64_t number) const;
    secret key_;
};

} // namespace scopegate::tokens
