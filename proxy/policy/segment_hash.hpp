// The hash of a literal segment below a node of the route tree. Keys are inserted only from routes.yaml. A
// request only looks keys up, so it can't overfill a bucket, and the hash needs no seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace scopegate::policy {

namespace detail {

template <class Word>
[[nodiscard]] std::uint64_t load(const char* p) noexcept
{
    Word word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

} // namespace detail

// Every byte affects the low bits, from which a table derives the slot. Reads only within `literal`.
[[nodiscard]] inline std::size_t segment_hash(std::uint32_t parent, std::string_view literal) noexcept
{
    using detail::load;
    constexpr std::uint64_t factor = 0xD6E8FEB86659FD93U;
    const auto* p = literal.data();
    const auto size = literal.size();
    const auto* const end = p + size;
    auto h = (std::uint64_t{parent} + 1) * 0x9E3779B97F4A7C15U + size;
    const auto mix = [&h](std::uint64_t word) {
        h = (h ^ word) * factor;
        h ^= h >> 32U;
    };
    for (; end - p > 8; p += 8)
        mix(load<std::uint64_t>(p));
    // The remaining bytes. The loads may overlap bytes that were read before.
    if (size >= 8)
        mix(load<std::uint64_t>(end - 8));
    else if (size >= 4)
        mix(load<std::uint32_t>(p) | load<std::uint32_t>(end - 4) << 32U);
    else if (size > 0)
        mix(load<std::uint8_t>(p) | load<std::uint8_t>(p + size / 2) << 8U |
            load<std::uint8_t>(end - 1) << 16U);
    h *= factor; // so that the last bytes affect the low bits
    return static_cast<std::size_t>(h ^ h >> 32U);
}

} // namespace scopegate::policy
