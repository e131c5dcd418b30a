#include "jose/base64url.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace scopegate::jose {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Maps a character to its six bits, shifted to their place in a group of four characters. Invalid characters
// map to a value with high bits set, which survive the sums below. One table per place saves the shifts:
// tokens are long.
using bits_table = std::array<std::uint32_t, 256>;
constexpr auto bits_at = [] {
    std::array<bits_table, 4> tables{};
    for (std::size_t place = 0; place < tables.size(); ++place) {
        tables[place].fill(0xFF000000U);
        for (std::size_t i = 0; i < alphabet.size(); ++i)
            tables[place][static_cast<unsigned char>(alphabet[i])] =
                static_cast<std::uint32_t>(i << (18 - 6 * place));
    }
    return tables;
}();

std::uint32_t bits(std::size_t place, char c) noexcept
{
    return bits_at[place][static_cast<unsigned char>(c)];
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
        const auto word = bits(0, from[0]) | bits(1, from[1]) | bits(2, from[2]) | bits(3, from[3]);
        wrong |= word;
        to[0] = static_cast<char>(word >> 16);
        to[1] = static_cast<char>(word >> 8);
        to[2] = static_cast<char>(word);
    }
    if (tail != 0) {
        const auto word = bits(0, from[0]) | bits(1, from[1]) | (tail == 3 ? bits(2, from[2]) : 0);
        wrong |= word;
        to[0] = static_cast<char>(word >> 16);
        if (tail == 3)
            to[1] = static_cast<char>(word >> 8);
        // Bits of the last character that encode nothing must be zero. Otherwise the same octets would have
        // several spellings.
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
