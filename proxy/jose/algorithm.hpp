// The signature algorithms (RFC 7518 section 3.1, RFC 8037). `none` is excluded on purpose and must never be
// added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace scopegate::jose {

enum class algorithm : std::uint8_t {
    rs256,
    rs384,
    rs512,
    ps256,
    ps384,
    ps512,
    es256,
    es384,
    es512,
    eddsa,
    hs256,
    hs384,
    hs512
};
inline constexpr std::size_t algorithm_count = 13;

// A set of algorithms as bits.
class algorithm_set final {
public:
    constexpr void insert(algorithm a) noexcept
    {
        bits_ = static_cast<std::uint16_t>(bits_ | (1U << static_cast<unsigned>(a)));
    }
    [[nodiscard]] constexpr bool contains(algorithm a) const noexcept
    {
        return ((bits_ >> static_cast<unsigned>(a)) & 1U) != 0;
    }
    [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }

private:
    std::uint16_t bits_ = 0;
};

[[nodiscard]] constexpr std::string_view name(algorithm a) noexcept
{
    constexpr std::string_view names[] = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256",
                                          "ES384", "ES512", "EdDSA", "HS256", "HS384", "HS512"};
    return names[static_cast<std::size_t>(a)];
}

// RFC 9864's name for EdDSA with Ed25519, the only curve used here. Both names mean the same signature.
inline constexpr std::string_view ed25519_name = "Ed25519";

// Returns the algorithm with exactly this name (letter case counts), or nothing.
[[nodiscard]] constexpr std::optional<algorithm> algorithm_named(std::string_view n) noexcept
{
    if (n == ed25519_name)
        return algorithm::eddsa;
    for (std::size_t i = 0; i < algorithm_count; ++i)
        if (name(static_cast<algorithm>(i)) == n)
            return static_cast<algorithm>(i);
    return std::nullopt;
}

[[nodiscard]] constexpr bool is_symmetric(algorithm a) noexcept
{
    return a >= algorithm::hs256;
}

// Returns every asymmetric algorithm: the default of an issuer.
[[nodiscard]] constexpr algorithm_set asymmetric_algorithms() noexcept
{
    algorithm_set all;
    for (std::size_t i = 0; i < algorithm_count; ++i)
        if (!is_symmetric(static_cast<algorithm>(i)))
            all.insert(static_cast<algorithm>(i));
    return all;
}

// Calls f with each name of each asymmetric algorithm, to tell clients which names are accepted.
template <class F>
void for_each_asymmetric_name(F f)
{
    for (std::size_t i = 0; i < algorithm_count; ++i)
        if (const auto a = static_cast<algorithm>(i); !is_symmetric(a))
            f(name(a));
    f(ed25519_name);
}

} // namespace scopegate::jose
