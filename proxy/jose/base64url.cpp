#include "jose/base64url.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace scopegate::jose {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// A character's six bits, or a value with high bits set, which survive the sums below.
constexpr auto six_bits = [] {
    std::array<std::uint32_t, 256> table{};
    table.fill(0xFF000000U);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint32_t>(i);
    return table;
}();

std::uint32_t bits(char c) noexcept
{
    return six_bits[static_cast<unsigned char>(c)];
}

} // namespace

std::optional<std::string> base64url_decode(std::string_view text)
{
    const std::size_t tail = text.size() % 4;
    if (tail == 1)
        return std::nullopt;
    std::string out(text.size() / 4 * 3 + (tail != 0 ? tail - 1 : 0), '\0');
    char* to = out.data();
    const char* from = text.data();
    std::uint32_t wrong = 0;
    for (std::size_t left = text.size() / 4; left != 0; --left, from += 4, to += 3) {
        const auto a = bits(from[0]), b = bits(from[1]), c = bits(from[2]), d = bits(from[3]);
        wrong |= a | b | c | d;
        const auto word = a << 18 | b << 12 | c << 6 | d;
        to[0] = static_cast<char>(word >> 16);
        to[1] = static_cast<char>(word >> 8);
        to[2] = static_cast<char>(word);
    }
    if (tail != 0) {
        const auto a = bits(from[0]), b = bits(from[1]), c = tail == 3 ? bits(from[2]) : 0;
        wrong |= a | b | c;
        const auto word = a << 18 | b << 12 | c << 6;
        to[0] = static_cast<char>(word >> 16);
        if (tail == 3)
            to[1] = static_cast<char>(word >> 8);
        // The last character's bits that encode nothing must be zero, or the same octets had several
        // spellings.
        if ((word & (tail == 3 ? 0xFFU : 0xFFFFU)) != 0)
            return std::nullopt;
    }
    if ((wrong & 0xFF000000U) != 0)
        return std::nullopt;
    return out;
}

std::string base64url_encode(std::string_view octets)
{
    std::string out;
    out.reserve((octets.size() * 4 + 2) / 3);
    std::uint32_t pending = 0;
    unsigned count = 0; // bits in `pending` that are not written yet
    for (const char octet : octets) {
        pending = pending << 8 | static_cast<unsigned char>(octet);
        for (count += 8; count >= 6; count -= 6)
            out += alphabet[pending >> (count - 6) & 63];
    }
    if (count != 0)
        out += alphabet[pending << (6 - count) & 63];
    return out;
}

} // namespace scopegate::jose
