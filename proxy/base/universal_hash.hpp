// A keyed hash of long texts for tables that strangers fill, at a fifth of SipHash's cost: a token is hashed
// with every request, and SipHash was a tenth of what we do for one.
#pragma once

#include "base/hash.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace scopegate {

// NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, UMAC, 1999) of each block of a kilobyte, and SipHash of
// what is left of them. For who does not know the key, any two texts collide with a probability of some
// 2^-32, whatever they are: that is proven for NH. Who learned of a collision would know something of the
// key: make the seed at random for every table's owner (a worker), never show the hashes, and hash only texts
// that strangers can't choose at will (tokens that an issuer made are kept, others looked up once).
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
