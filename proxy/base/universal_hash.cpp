#include "base/universal_hash.hpp"

#include <algorithm>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace scopegate {

namespace {

// Bytes per iteration: two multiplications.
constexpr std::size_t step = 16;

std::string_view bytes_of(const auto& words) noexcept
{
    return {reinterpret_cast<const char*>(words.data()), sizeof words};
}

} // namespace

universal_hash::universal_hash(const hash_key& seed) noexcept
{
    // SipHash of a counter generates the key.
    std::array<std::uint64_t, 1> number{};
    const auto next = [&] {
        ++number[0];
        return siphash<2, 4>(seed, bytes_of(number));
    };
    for (auto& half : last_)
        half = next();
    for (auto& word : words_)
        word = static_cast<std::uint32_t>(next());
}

// Returns the sum of (text + key) * (text + key) over pairs of words. The text is padded with NULs.
std::uint64_t universal_hash::sum(std::string_view of_a_block) const noexcept
{
    std::array<char, step> rest{};
    const auto whole = of_a_block.size() - of_a_block.size() % step;
    of_a_block.copy(rest.data(), step, whole);
#if defined(__SSE2__)
    auto sums = _mm_setzero_si128();
    const auto add = [&](const char* text, std::size_t at) {
        const auto key = _mm_load_si128(reinterpret_cast<const __m128i*>(words_.data() + at / 4));
        const auto both = _mm_add_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(text)), key);
        sums = _mm_add_epi64(sums, _mm_mul_epu32(both, _mm_srli_epi64(both, 32)));
    };
#else
    std::uint64_t sums = 0;
    const auto add = [&](const char* text, std::size_t at) {
        std::array<std::uint32_t, step / 4> words;
        std::memcpy(words.data(), text, step);
        for (std::size_t i = 0; i < words.size(); ++i)
            words[i] += words_[at / 4 + i];
        sums += std::uint64_t{words[0]} * words[1] + std::uint64_t{words[2]} * words[3];
    };
#endif
    for (std::size_t at = 0; at < whole; at += step)
        add(of_a_block.data() + at, at);
    if (whole != of_a_block.size())
        add(rest.data(), whole);
#if defined(__SSE2__)
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), &sums, sizeof sums);
    return halves[0] + halves[1];
#else
    return sums;
#endif
}

std::uint64_t universal_hash::operator()(std::string_view text) const noexcept
{
    // Begins with the length, because the padding hides it.
    std::array<std::uint64_t, 2> so_far{text.size(), 0};
    do {
        so_far[1] = sum(text.substr(0, block));
        so_far[0] = siphash<1, 3>(last_, bytes_of(so_far));
        text.remove_prefix(std::min(block, text.size()));
    } while (!text.empty());
    return so_far[0];
}

} // namespace scopegate
