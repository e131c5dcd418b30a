#include "config/foreign_patterns.hpp"

#include "base/percent.hpp"
#include "config/diagnostics.hpp"
#include "http/chars.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

constexpr auto npos = std::string_view::npos;

bool is_letter(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_name_character(char c) noexcept
{
    return is_letter(c) || http::is(http::char_class::digit, c);
}

bool has(std::string_view text, std::string_view part) noexcept
{
    return text.find(part) != npos;
}

// Returns the first word of the text that may name a parameter, or an empty view. A `-` may be inside.
std::string_view first_name(std::string_view text) noexcept
{
    const auto* const begin = std::find_if(text.begin(), text.end(), is_letter);
    const auto* end =
        std::find_if_not(begin, text.end(), [](char c) { return is_name_character(c) || c == '-'; });
    while (end != begin && end[-1] == '-')
        --end;
    return text.substr(static_cast<std::size_t>(begin - text.begin()), static_cast<std::size_t>(end - begin));
}

std::string parameter(std::string_view name)
{
    return "{" + std::string(name.empty() ? "id" : name) + "}";
}

std::string rest(std::string_view name)
{
    return "{" + std::string(name.empty() ? "rest" : name) + "...}";
}

// Only the last segment may be the rest of a path.
std::string wildcard(std::string_view name, bool last)
{
    return last ? rest(name) + " (all that follows) or " + parameter(name) + " (one segment)"
                : parameter(name);
}

std::string encoded(std::string_view segment)
{
    std::string out;
    for (const char c : segment) {
        if (is_name_character(c) || c == '-' || c == '.' || c == '%')
            out += c;
        else
            append_triplet(out, c);
    }
    return out;
}

constexpr auto no_meaning = " has no special meaning here: only {name} does";

std::string refusal(std::string_view segment, std::string_view mark, const std::string& meant)
{
    return (mark == segment ? std::string() : in_quotes(segment) + ": ") + in_quotes(mark) + no_meaning +
           "; did you mean " + meant + "? To match the characters themselves, write " +
           in_quotes(encoded(segment));
}

bool begins_with_name(std::string_view segment, char mark) noexcept
{
    return segment.size() > 1 && segment.front() == mark && is_letter(segment[1]);
}

// Interprets `<id>`, `<int:id>` and `<path:rest>` of Flask and Django.
std::string meant_by_angles(std::string_view segment, bool last)
{
    const auto inner = segment.substr(segment.find('<') + 1);
    const auto colon = inner.find(':');
    const auto name = first_name(inner.substr(colon == npos ? 0 : colon + 1));
    return last && inner.starts_with("path:") ? rest(name) : parameter(name);
}

// Interprets `[id]` and `[...rest]` of Next.js. A class of characters has no name.
std::string meant_by_brackets(std::string_view segment, bool last)
{
    if (has(segment, "..."))
        return last ? rest(first_name(segment)) : parameter(first_name(segment));
    return parameter(has(segment, "-") || has(segment, "^") ? std::string_view() : first_name(segment));
}

// Refuses `^admin$`: a template always matches a whole path.
std::string why_anchored(std::string_view segment)
{
    auto text = segment;
    if (text.starts_with('^'))
        text.remove_prefix(1);
    if (text.size() > 1 && text.ends_with('$'))
        text.remove_suffix(1);
    if (text.size() == segment.size())
        return {};
    return refusal(segment, segment.starts_with('^') ? "^" : "$",
                   text.empty() ? "a whole path" : in_quotes(text));
}

} // namespace

std::string why_foreign(std::string_view segment, bool last)
{
    if (begins_with_name(segment, ':')) {
        const auto name = first_name(segment);
        const auto behind = segment.substr(1 + name.size());
        const bool many = behind.starts_with('*') || behind.starts_with('+') || has(behind, ".*");
        return refusal(segment, ":", many ? wildcard(name, last) : parameter(name));
    }
    if (has(segment, "<") && has(segment, ">"))
        return refusal(segment, "<", meant_by_angles(segment, last));
    if (segment.starts_with('['))
        return refusal(segment, "[", meant_by_brackets(segment, last));
    if (segment.starts_with('(') || segment == ".+")
        return refusal(segment, segment.starts_with('(') ? "(" : ".+", wildcard({}, last));
    if (has(segment, "(.:")) // an optional format, as `rails routes` prints it
        return refusal(segment, "(", in_quotes(segment.substr(0, segment.find("(.:"))));
    if (has(segment, "*"))
        return refusal(segment, segment.find_first_not_of('*') == npos ? segment : "*",
                       wildcard(begins_with_name(segment, '*') ? first_name(segment) : "", last));
    return why_anchored(segment);
}

std::string why_foreign_beside_parameters(std::string_view segment,
                                          const std::vector<std::string_view>& texts)
{
    struct mark {
        std::string_view text;
        bool found;
    };
    const auto first = texts.front(), last = texts.back();
    const auto in_any = [&](std::string_view part) {
        return std::any_of(texts.begin(), texts.end(), [part](std::string_view t) { return has(t, part); });
    };
    const bool repeats =
        std::any_of(texts.begin() + 1, texts.end(), [](std::string_view t) { return t.starts_with('+'); });
    const mark marks[] = {
        {"*", in_any("*")},
        {"+", repeats || in_any(".+")},
        {":", begins_with_name(first, ':')},
        {"(", first.starts_with('(') || in_any("(?")},
        {"(", in_any("(.:")},
        {"[", in_any("[") && in_any("]")},
        {"<", in_any("<") && in_any(">")},
        {"^", first.starts_with('^')},
        {"$", last.ends_with('$')},
    };
    for (const mark& m : marks)
        if (m.found)
            return in_quotes(segment) + ": " + in_quotes(m.text) + no_meaning +
                   ". To match the character itself, write " + in_quotes(encoded(m.text));
    return {};
}

std::string suggest_parameter(std::string_view braced, bool last)
{
    if (braced.find_first_of(":?*+=$") == npos)
        return {};
    if (braced.starts_with("{?") || braced.starts_with("{&")) // RFC 6570
        return "; templates match the path only, without the query";
    if (braced == "{$}") // Go's ServeMux
        return "; to match a slash at the end, end the template with it";
    const auto name = first_name(braced);
    const bool typed = has(braced, ":"); // with an expression or a type after the name
    const bool many = typed ? has(braced, ".*") || has(braced, ".+") || has(braced, ":path")
                            : has(braced, "*") || has(braced, "+");
    return "; did you mean " + (many && last ? rest(name) : parameter(name)) + "?";
}

} // namespace scopegate::config
