// The types of keys, and the algorithms that each one fits (RFC 7518 section 3.1). Only for sources in jose/.
#pragma once

#include "jose/algorithm.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::jose {

enum class key_type : std::uint8_t { rsa, p256, p384, p521, ed25519, octets };

[[nodiscard]] constexpr key_type key_type_for(algorithm a) noexcept
{
    switch (a) {
    case algorithm::es256:
        return key_type::p256;
    case algorithm::es384:
        return key_type::p384;
    case algorithm::es512:
        return key_type::p521;
    case algorithm::eddsa:
        return key_type::ed25519;
    case algorithm::hs256:
    case algorithm::hs384:
    case algorithm::hs512:
        return key_type::octets;
    default:
        return key_type::rsa;
    }
}

// The length of the algorithm's hash in octets, and OpenSSL's name for it. Ed25519 has its own hash.
[[nodiscard]] constexpr std::size_t hash_size(algorithm a) noexcept
{
    constexpr std::size_t sizes[] = {32, 48, 64, 32, 48, 64, 32, 48, 64, 0, 32, 48, 64};
    return sizes[static_cast<std::size_t>(a)];
}
[[nodiscard]] constexpr const char* hash_name(algorithm a) noexcept
{
    return hash_size(a) == 32 ? "SHA2-256" : hash_size(a) == 48 ? "SHA2-384" : "SHA2-512";
}

[[nodiscard]] constexpr bool is_pss(algorithm a) noexcept
{
    return a == algorithm::ps256 || a == algorithm::ps384 || a == algorithm::ps512;
}

// An elliptic curve, with the name that JWK (RFC 7518 section 6.2.1.1) and OpenSSL share, and the octets of
// one coordinate.
struct curve {
    key_type type;
    const char* name;
    std::size_t coordinate;
};
inline constexpr curve curves[] = {
    {key_type::p256, "P-256", 32}, {key_type::p384, "P-384", 48}, {key_type::p521, "P-521", 66}};

// Returns null if the type is not such a curve.
[[nodiscard]] constexpr const curve* curve_of(key_type t) noexcept
{
    for (const auto& c : curves)
        if (c.type == t)
            return &c;
    return nullptr;
}
[[nodiscard]] constexpr const curve* curve_named(std::string_view name) noexcept
{
    for (const auto& c : curves)
        if (c.name == name)
            return &c;
    return nullptr;
}

} // namespace scopegate::jose
