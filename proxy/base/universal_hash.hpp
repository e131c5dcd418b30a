// A keyed hash of long texts for tables that clients can fill, at a fifth of SipHash's cost. Every request
// hashes a token, and SipHash was a tenth of the work for a request.
#pragma once

#include "base/hash.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, UMAC, 1999) of each block of a kilobyte, and SipHash of
// the results. NH has a proven bound: without the key, any two texts collide with a probability of about
// 2^-32. A known collision would reveal something about the key. So generate a random seed for every owner of
// tables (a worker), and never reveal the hashes. Hash only texts that clients can't choose at will: tokens
// that an issuer made are kept, others are looked up once.
class universal_hash final {
public:
    explicit universal_hash(const hash_key& seed) noexcept;

    [[nodiscard]] std::uint64_t operator()(std::string_view text) const noexcept;

private:
    static constexpr std::size_t block = 1024; // bytes
    [[nodiscard]] std::uint64_t sum(std::string_view of_a_block) const noexcept;

    hash_key last_;
    alignas(16) std::array<std::uint32_t, block / 4> words_{};
};

} // namespace scopegate
