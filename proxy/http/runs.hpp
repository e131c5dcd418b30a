// Scans a head 16 bytes at a time: finds its end, and long runs of one character class. Bearer tokens are the
// largest part of most heads. A table lookup for each of their bytes took a fifth of a request's
// instructions.
#pragma once

#include "http/chars.hpp"

#include <cstddef>
#include <string_view>

#if defined(__SSE2__)
#include <bit>
#include <emmintrin.h>
#endif

namespace scopegate::http {

#if defined(__SSE2__)
namespace detail {

inline __m128i load(const char* p) noexcept
{
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

// Marks the bytes that are at most `more`. After subtracting `first`, these are the bytes in [first, first +
// more].
inline __m128i at_most(__m128i bytes, char more) noexcept
{
    return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(more)), bytes);
}

// Returns whether all 16 bytes are in char_class::b64: letters, `-./` and the digits (neighbors), `+`, `_`,
// `~`.
inline bool all_b64(__m128i bytes) noexcept
{
    const auto is_one = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const auto lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20)); // turns no other character into a letter
    const auto letters = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 'z' - 'a');
    const auto digits = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('-')), '9' - '-');
    const auto others = _mm_or_si128(_mm_or_si128(is_one('+'), is_one('_')), is_one('~'));
    return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letters, digits), others)) == 0xFFFF;
}

// Returns one bit for each of 16 bytes that is in char_class::tchar.
inline unsigned tchars(__m128i bytes) noexcept
{
    const auto is_one = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
    const auto lies_in = [bytes](char first, char last) {
        return at_most(_mm_sub_epi8(bytes, _mm_set1_epi8(first)), static_cast<char>(last - first));
    };
    const auto lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20)); // turns no other character into a letter
    const auto letters = at_most(_mm_sub_epi8(lower, _mm_set1_epi8('a')), 'z' - 'a');
    const auto common = _mm_or_si128(_mm_or_si128(letters, lies_in('-', '.')), lies_in('0', '9'));
    const auto others = _mm_or_si128(_mm_or_si128(lies_in('#', '\''), lies_in('*', '+')), lies_in('^', '`'));
    const auto singles = _mm_or_si128(_mm_or_si128(is_one('!'), is_one('|')), is_one('~'));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(common, others), singles)));
}

// Converts 16 bytes to lower case, and `_` to `-`.
inline __m128i folded_name(__m128i bytes) noexcept
{
    const auto capitals = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('A')), 'Z' - 'A');
    const auto lower = _mm_or_si128(bytes, _mm_and_si128(capitals, _mm_set1_epi8(0x20)));
    const auto underscores = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('_'));
    return _mm_xor_si128(lower, _mm_and_si128(underscores, _mm_set1_epi8('_' ^ '-')));
}

} // namespace detail
#endif

// Returns the first byte from `p` on that a field value can't contain: a control other than HTAB. In a valid
// head that is the CR at the end of the line.
[[nodiscard]] inline const char* skip_text(const char* p, const char* end) noexcept
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        const auto bytes = detail::load(p);
        const auto refused = _mm_or_si128(
            _mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), detail::at_most(bytes, 0x1F)),
            _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7F)));
        if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(refused)); mask != 0)
            return p + std::countr_zero(mask);
    }
#endif
    while (p != end && is(char_class::text, *p))
        ++p;
    return p;
}

// Returns whether `s` contains only char_class::b64.
[[nodiscard]] inline bool all_b64(std::string_view s) noexcept
{
#if defined(__SSE2__)
    for (; s.size() >= 16; s.remove_prefix(16))
        if (!detail::all_b64(detail::load(s.data())))
            return false;
#endif
    return all(char_class::b64, s);
}

// Returns the size of `s` up to and including its first CRLFCRLF, or 0 without one.
[[nodiscard]] inline std::size_t size_to_empty_line(std::string_view s) noexcept
{
    constexpr std::string_view wanted = "\r\n\r\n";
    std::size_t at = 0; // no CRLFCRLF begins before this
#if defined(__SSE2__)
    const auto* const p = s.data();
    const auto feed = _mm_set1_epi8('\n');
    for (; s.size() - at >= 16 + 3; at += 16) {
        // The positions where a CRLFCRLF may begin: those with both line feeds in place.
        const auto feeds = _mm_and_si128(_mm_cmpeq_epi8(detail::load(p + at + 1), feed),
                                         _mm_cmpeq_epi8(detail::load(p + at + 3), feed));
        for (auto mask = static_cast<unsigned>(_mm_movemask_epi8(feeds)); mask != 0; mask &= mask - 1) {
            const auto start = at + static_cast<std::size_t>(std::countr_zero(mask));
            if (s.substr(start, wanted.size()) == wanted)
                return start + wanted.size();
        }
    }
#endif
    const auto found = s.find(wanted, at);
    return found == std::string_view::npos ? 0 : found + wanted.size();
}

} // namespace scopegate::http
