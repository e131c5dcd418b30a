#include "config/templates.hpp"

#include "base/percent.hpp"
#include "config/foreign_patterns.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::template_segment;
using kind = template_segment::kind;

bool is_parameter_name(std::string_view s) noexcept
{
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !s.empty() && letter(s.front()) &&
           std::all_of(s.begin(), s.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

// Returns why no normalized path can contain the literal, in words for the author of the file.
std::string why_unreachable(std::string_view literal)
{
    const auto has = [](std::string_view text, char c) { return text.find(c) != std::string_view::npos; };
    const auto decoded = percent_decode(literal);
    if (has(literal, '?'))
        return "templates match the path only, without the query";
    if (has(literal, '#'))
        return "a fragment is never sent";
    if (decoded == "." || decoded == "..")
        return "a dot segment is refused in every path";
    if (has(decoded, '/'))
        return "%2F is refused in every path, unless paths.encoded_slash is keep";
    if (has(decoded, ';'))
        return "\";\" is refused in every path, unless paths.semicolon is keep";
    if (has(decoded, '\\'))
        return "a backslash is refused in every path";
    return "no accepted path can contain it";
}

// Parses a segment without braces. Returns the text of the error, if any.
std::string parse_literal(std::string_view text, bool last, const http::path_rules& rules,
                          template_segment& into)
{
    if (auto why = why_foreign(text, last); !why.empty())
        return why;
    auto normalized = http::normalize_segment(text, rules);
    if (normalized.has_error())
        return in_quotes(text) + " can't be reached: " + why_unreachable(text);
    into = {kind::literal, std::move(*normalized)};
    return {};
}

// Parses one segment of a template. Returns the text of the error, if any. `last` means that no segment
// follows.
std::string parse_segment(std::string_view text, bool last, const http::path_rules& rules,
                          template_segment& into)
{
    if (text.find_first_of("{}") == std::string_view::npos)
        return parse_literal(text, last, rules, into);
    if (text.size() < 2 || text.front() != '{' || text.back() != '}' ||
        text.find('{', 1) != std::string_view::npos || text.find('}') != text.size() - 1)
        return in_quotes(text) + ": a {parameter} must be a whole segment";
    auto name = text.substr(1, text.size() - 2);
    const bool rest = name.ends_with("...");
    if (rest)
        name.remove_suffix(3);
    if (!is_parameter_name(name))
        return in_quotes(text) +
               ": a parameter's name may have letters, digits and \"_\", and must not begin with a digit" +
               suggest_parameter(text, last);
    into = {rest ? kind::rest : kind::parameter, std::string(name)};
    return {};
}

bool is_parameter(const template_segment& s) noexcept
{
    return s.type != kind::literal;
}

// Checks the template as a whole. Returns the text of the error, or an empty string.
std::string problem_of(const std::vector<template_segment>& segments, bool trailing_slash)
{
    if (segments.size() > policy::max_segments)
        return "more than " + std::to_string(policy::max_segments) + " segments";
    if (std::count_if(segments.begin(), segments.end(), is_parameter) >
        static_cast<std::ptrdiff_t>(policy::max_parameters))
        return "more than " + std::to_string(policy::max_parameters) + " parameters";
    for (auto s = segments.begin(); s != segments.end(); ++s) {
        if (!is_parameter(*s))
            continue;
        if (s->type == kind::rest && (s + 1 != segments.end() || trailing_slash))
            return in_quotes("{" + s->text + "...}") +
                   " matches the rest of the path, so it must be the last segment";
        const bool again = std::any_of(segments.begin(), s, [&](const template_segment& before) {
            return is_parameter(before) && before.text == s->text;
        });
        if (again)
            return "the parameter " + in_quotes(s->text) + " is used twice";
    }
    return {};
}

} // namespace

std::optional<path_template> parse_template(compilation& c, const std::string& text, policy::source_mark at)
{
    const auto refuse = [&](const std::string& why) {
        c.out.error(at, "the template " + in_quotes(text) + ": " + why);
        return std::nullopt;
    };
    if (text.starts_with('^') || text.starts_with('~') || text.starts_with('*'))
        return refuse(
            "a template is neither a wildcard nor a regular expression: it must begin with \"/\"; did "
            "you mean /{rest...}?");
    if (!text.starts_with('/'))
        return refuse("it must begin with \"/\"");
    path_template out;
    std::string_view rest = std::string_view(text).substr(1);
    while (!rest.empty()) {
        const auto end = std::min(rest.find('/'), rest.size());
        if (end == 0)
            return refuse("an empty segment (\"//\") is refused in every path");
        const bool last = end == rest.size();
        if (auto why = parse_segment(rest.substr(0, end), last, c.policy.paths, out.segments.emplace_back());
            !why.empty())
            return refuse(why);
        out.trailing_slash = end + 1 == rest.size();
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (auto why = problem_of(out.segments, out.trailing_slash); !why.empty())
        return refuse(why);
    return out;
}

std::optional<std::vector<template_segment>> folded(const path_template& t, const http::path_rules& rules)
{
    std::vector<template_segment> out;
    std::string scratch;
    for (const auto& s : t.segments) {
        if (is_parameter(s)) {
            out.push_back(s);
            continue;
        }
        const std::string literal = "/" + s.text;
        const auto path = http::fold_path(literal, rules, scratch);
        if (path.has_error())
            return std::nullopt;
        for (auto rest = path->substr(1); !rest.empty();) { // a %2F that is kept makes several segments
            const auto piece = rest.substr(0, rest.find('/'));
            out.push_back({kind::literal, std::string(piece)});
            rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
        }
        // Folding cuts the path off at an encoded `?` or `#`.
        if (percent_decode(s.text).find_first_of("?#") != std::string::npos)
            break;
    }
    return out;
}

} // namespace scopegate::config
