// A keyed hash of short texts, for tables that clients can fill. For long texts see base/universal_hash.hpp.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace scopegate {

using hash_key = std::array<std::uint64_t, 2>;

// SipHash with C rounds per word and D at the end (Aumasson and Bernstein, 2012). Gives the same result on
// little-endian and big-endian machines.
template <int C, int D>
[[nodiscard]] std::uint64_t siphash(const hash_key& key, std::string_view text) noexcept
{
    std::uint64_t v0 = key[0] ^ 0x736f6d6570736575U;
    std::uint64_t v1 = key[1] ^ 0x646f72616e646f6dU;
    std::uint64_t v2 = key[0] ^ 0x6c7967656e657261U;
    std::uint64_t v3 = key[1] ^ 0x7465646279746573U;
    const auto round = [&] {
        v0 += v1, v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0, v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1, v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2, v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    };
    const auto absorb = [&](std::uint64_t word) {
        v3 ^= word;
        for (int i = 0; i < C; ++i)
            round();
        v0 ^= word;
    };
    const char* at = text.data();
    for (std::size_t left = text.size() / 8; left != 0; --left, at += 8) {
        std::uint64_t word = 0;
        if constexpr (std::endian::native == std::endian::little)
            std::memcpy(&word, at, 8);
        else
            for (unsigned i = 0; i < 8; ++i)
                word |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
        absorb(word);
    }
    std::uint64_t last = std::uint64_t{text.size()} << 56;
    for (unsigned i = 0; i < text.size() % 8; ++i)
        last |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    absorb(last);
    v2 ^= 0xff;
    for (int i = 0; i < D; ++i)
        round();
    return v0 ^ v1 ^ v2 ^ v3;
}

// The hash for tables that clients can fill. Without the key, nobody can find collisions. So generate a
// random `key` for every owner of tables (a worker), and never reveal the hashes.
[[nodiscard]] inline std::uint64_t keyed_hash(const hash_key& key, std::string_view text) noexcept
{
    return siphash<1, 3>(key, text);
}

} // namespace scopegate
