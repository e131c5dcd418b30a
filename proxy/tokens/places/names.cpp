#include "tokens/places/names.hpp"

#include "base/percent.hpp"
#include "base/text.hpp"
#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::tokens::places {

namespace {

std::string_view name_of(std::string_view part) noexcept
{
    return trimmed(part.substr(0, part.find('=')));
}

// Maps a character of a parameter's name as PHP does when it turns the name into a variable's.
char as_in_variable(char c) noexcept
{
    return c == '.' || c == ' ' || c == '+' ? '_' : ascii_lower(c);
}

} // namespace

std::string_view trimmed(std::string_view s) noexcept
{
    constexpr std::string_view blanks = " \t";
    const auto first = std::min(s.find_first_not_of(blanks), s.size());
    s.remove_prefix(first);
    return s.substr(0, s.find_last_not_of(blanks) + 1);
}

bool is_alike(std::string_view written, std::string_view name) noexcept
{
    std::size_t same = 0;
    while (!written.empty()) {
        const char c = take_decoded(written);
        if (c == '[' || c == '\0')
            break;
        const bool blank = c == ' ' || c == '+' || c == '\t';
        if (blank && (same == 0 || same == name.size()))
            continue;
        if (same == name.size() || as_in_variable(c) != as_in_variable(name[same]))
            return false;
        ++same;
    }
    return same == name.size();
}

named_value read_named_value(std::string_view part, std::span<const std::string> names, char inner) noexcept
{
    const auto equals = part.find('=');
    for (const auto& name : names)
        if (name_of(part) == name)
            return {named_value::match::exact,
                    equals == std::string_view::npos ? std::string_view{} : trimmed(part.substr(equals + 1))};
    for (auto rest = part;;) {
        const auto end = rest.find(inner);
        const auto written = name_of(rest.substr(0, end));
        if (std::any_of(names.begin(), names.end(), [&](const auto& n) { return is_alike(written, n); }))
            return {named_value::match::alike, {}};
        if (end == std::string_view::npos)
            return {};
        rest.remove_prefix(end + 1);
    }
}

std::optional<std::string_view> percent_decoded(std::string_view text, std::string& scratch)
{
    if (text.find('%') == std::string_view::npos)
        return text;
    scratch.clear();
    while (!text.empty()) {
        if (text.front() == '%' && !starts_with_triplet(text))
            return std::nullopt;
        scratch += take_decoded(text);
    }
    return scratch;
}

std::string percent_encoded(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (http::is(http::char_class::unreserved, c))
            out += c;
        else
            append_triplet(out, c);
    }
    return out;
}

} // namespace scopegate::tokens::places
