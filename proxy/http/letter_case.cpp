#include "http/letter_case.hpp"

#include "base/percent.hpp"
#include "http/case_folding.hpp"

#include <algorithm>
#include <iterator>

namespace scopegate::http {

namespace {

char take_plain(std::string_view& text) noexcept
{
    const char c = text.front();
    text.remove_prefix(1);
    return c;
}

} // namespace

char32_t fold_case(char32_t letter) noexcept
{
    if (letter < 0x80)
        return static_cast<unsigned char>(ascii_lower(static_cast<char>(letter)));
    const auto* const range =
        std::lower_bound(std::begin(detail::fold_ranges), std::end(detail::fold_ranges), letter,
                         [](const detail::fold_range& r, char32_t wanted) { return r.last < wanted; });
    if (range == std::end(detail::fold_ranges) || letter < range->first ||
        (letter - range->first) % range->step != 0)
        return letter;
    return static_cast<char32_t>(static_cast<std::int32_t>(letter) + range->distance);
}

bool decodes_to_ignoring_case(std::string_view encoded, std::string_view plain) noexcept
{
    while (!encoded.empty() && !plain.empty())
        if (take_folded(encoded, take_decoded) != take_folded(plain, take_plain))
            return false;
    return encoded.empty() && plain.empty();
}

void append_folded(std::string& text, char byte)
{
    if (is_ascii(byte)) {
        text += ascii_lower(byte);
        return;
    }
    text += byte;
    constexpr std::size_t longest = 4;
    for (std::size_t size = 2; size <= std::min(longest, text.size()); ++size) {
        const auto begin = text.size() - size;
        if (character_size(text[begin]) == 1)
            continue; // a continuation byte
        if (character_size(text[begin]) != size)
            return; // the character is not complete yet
        auto rest = std::string_view(text).substr(begin);
        const auto letter = take_folded(rest, take_plain);
        text.resize(begin);
        append_utf8(text, letter);
        return;
    }
}

} // namespace scopegate::http
