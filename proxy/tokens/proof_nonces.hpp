// The server's nonces of DPoP proofs (RFC 9449 section 9): they show that a proof was made now and not long
// ago in store. Nothing is kept: a nonce is an HMAC of the time with a key of the process, so that all
// workers give and know the same ones, whatever policy generation they serve.
#pragma once

#include "base/clock.hpp"
#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::tokens {

// Immutable. Every nonce begins with the same mark, so that a process knows one of another process from the
// API's.
class proof_nonces final {
public:
    // A new one is given out this often; one is good for this long after the next has come.
    static constexpr std::chrono::seconds period{60};

    // Makes the key. Throws std::runtime_error without entropy.
    proof_nonces();
    explicit proof_nonces(secret key) : key_(std::move(key)) {}

    [[nodiscard]] std::string current(wall_time now) const;
    // Returns whether a Scopegate gave it, this process or another one.
    [[nodiscard]] static bool is_marked(std::string_view nonce) noexcept;
    // Whether it is the current one, or the one before.
    [[nodiscard]] bool accepts(std::string_view nonce, wall_time now) const;

private:
    [[nodiscard]] std::string of_period(std::int64_t number) const;
    secret key_;
};

} // namespace scopegate::tokens
