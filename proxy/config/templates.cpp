#include "config/templates.hpp"

#include "base/percent.hpp"
#include "config/foreign_patterns.hpp"
#include "http/target.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::template_segment;
using kind = template_segment::kind;

// The text of a segment beside its parameters. A match looks up each length of such texts.
constexpr std::size_t max_pattern_text = 256;

bool is_parameter_name(std::string_view s) noexcept
{
    const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
    return !s.empty() && letter(s.front()) && std::all_of(s.begin(), s.end(), [&](char c) {
        return letter(c) || (c >= '0' && c <= '9') || c == '-';
    });
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

// A segment with braces: the texts before, between and behind its parameters, and what is in the braces.
struct braced_segment {
    std::vector<std::string_view> texts; // one more than there are names
    std::vector<std::string_view> names;
};

// Takes a segment apart. Returns the text of the error, if any.
std::string split_at_braces(std::string_view text, bool last, braced_segment& into)
{
    for (auto left = text;;) {
        const auto open = std::min(left.find_first_of("{}"), left.size());
        into.texts.push_back(left.substr(0, open));
        left.remove_prefix(open);
        if (left.empty())
            return {};
        const auto close = left.find_first_of("{}", 1);
        if (left.front() == '{' && close == std::string_view::npos &&
            left.find('=') != std::string_view::npos)
            return in_quotes(text) + ": a parameter is one segment and has no pattern: write the segments "
                                     "themselves, as in /v1/users/{name}:suspend";
        if (left.front() == '}' || close == std::string_view::npos || left[close] == '{')
            return in_quotes(text) + ": each \"{\" needs its \"}\" in the same segment" +
                   suggest_parameter(left, last);
        into.names.push_back(left.substr(1, close - 1));
        left.remove_prefix(close + 1);
    }
}

// Appends the normalized text at this index, between the ends of the segment or the parameters. A parameter
// beside it is not empty, so a dot there is no dot segment.
std::string append_text(const braced_segment& parts, std::size_t at, const http::path_rules& rules,
                        std::string& to)
{
    if (parts.texts[at].empty())
        return {};
    constexpr std::string_view value = "x";
    const auto before = at == 0 ? std::string_view() : value;
    const auto behind = at == parts.names.size() ? std::string_view() : value;
    const auto normalized =
        http::normalize_segment(std::string(before).append(parts.texts[at]).append(behind), rules);
    if (normalized.has_error())
        return in_quotes(parts.texts[at]) + " can't be reached: " + why_unreachable(parts.texts[at]);
    to.append(*normalized, before.size(), normalized->size() - before.size() - behind.size());
    return {};
}

// Parses a segment with text beside its parameters. Returns the text of the error, if any.
std::string parse_pattern(std::string_view text, const braced_segment& parts, const http::path_rules& rules,
                          template_segment& into)
{
    if (auto why = why_foreign_beside_parameters(text, parts.texts); !why.empty())
        return why;
    into.type = kind::pattern;
    for (std::size_t i = 0; i < parts.texts.size(); ++i) {
        if (auto why = append_text(parts, i, rules, into.text); !why.empty())
            return why;
        if (i == parts.names.size())
            break;
        into.text += policy::wildcard;
        into.names.emplace_back(parts.names[i]);
        if (parts.texts[i + 1].empty() && i + 1 < parts.names.size())
            return in_quotes(text) + ": two parameters need text between them, which tells where one ends";
    }
    if (into.text.size() - into.names.size() > max_pattern_text)
        return "more than " + std::to_string(max_pattern_text) +
               " bytes of text beside the parameters of a segment";
    return {};
}

// Parses one segment of a template. Returns the text of the error, if any. `last` means that no segment
// follows.
std::string parse_segment(std::string_view text, bool last, const http::path_rules& rules,
                          template_segment& into)
{
    if (text.find_first_of("{}") == std::string_view::npos)
        return parse_literal(text, last, rules, into);
    braced_segment parts;
    if (auto why = split_at_braces(text, last, parts); !why.empty())
        return why;
    const bool whole = parts.names.size() == 1 && parts.texts.front().empty() && parts.texts.back().empty();
    bool rest = false;
    for (auto& name : parts.names) {
        const auto written = "{" + std::string(name) + "}";
        if (name.ends_with("...")) {
            name.remove_suffix(3);
            rest = true;
        }
        if (!is_parameter_name(name))
            return in_quotes(written) +
                   ": a parameter's name may have letters, digits, \"_\" and \"-\", and must begin with a "
                   "letter or \"_\"" +
                   suggest_parameter(written, last);
        if (rest && !whole)
            return in_quotes(text) + ": " + in_quotes(written) +
                   " matches the rest of the path, so it must be a whole segment";
    }
    if (!whole)
        return parse_pattern(text, parts, rules, into);
    into = {rest ? kind::rest : kind::parameter, std::string(parts.names.front())};
    return {};
}

// Checks the template as a whole. Returns the text of the error, or an empty string.
std::string problem_of(const std::vector<template_segment>& segments, bool trailing_slash)
{
    if (segments.size() > policy::max_segments)
        return "more than " + std::to_string(policy::max_segments) + " segments";
    std::vector<std::string_view> names;
    std::string problem;
    policy::for_each_parameter(segments, [&](const std::string& name, const template_segment& s) {
        if (!problem.empty())
            return;
        if (s.type == kind::rest && (&s != &segments.back() || trailing_slash))
            problem = in_quotes("{" + name + "...}") +
                      " matches the rest of the path, so it must be the last segment";
        else if (std::find(names.begin(), names.end(), name) != names.end())
            problem = "the parameter " + in_quotes(name) + " is used twice";
        names.push_back(name);
    });
    if (names.size() > policy::max_parameters)
        return "more than " + std::to_string(policy::max_parameters) + " parameters";
    return problem;
}

// Returns a segment with this text, in which wildcards stand for the parameters from `name` on.
template_segment folded_segment(std::string_view text, std::vector<std::string>::const_iterator& name)
{
    const auto count = std::count(text.begin(), text.end(), policy::wildcard);
    if (count == 0)
        return {kind::literal, std::string(text)};
    const auto first = name;
    name += count;
    if (text.size() == 1)
        return {kind::parameter, *first};
    return {kind::pattern, std::string(text), std::vector<std::string>(first, name)};
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
        if (!policy::has_literal_text(s)) {
            out.push_back(s);
            continue;
        }
        const std::string literal = "/" + s.text;
        const auto path = http::fold_path(literal, rules, scratch);
        if (path.has_error())
            return std::nullopt;
        auto name = s.names.begin();
        for (auto rest = path->substr(1); !rest.empty();) { // a %2F that is kept makes several segments
            const auto piece = rest.substr(0, rest.find('/'));
            out.push_back(folded_segment(piece, name));
            rest.remove_prefix(std::min(piece.size() + 1, rest.size()));
        }
        // Folding cuts the path off at an encoded `?` or `#`.
        if (percent_decode(s.text).find_first_of("?#") != std::string::npos)
            break;
    }
    return out;
}

bool loses_text(const path_template& t, const http::path_rules& rules)
{
    std::string scratch;
    const auto is_shortened = [&](const template_segment& s) {
        if (s.type != kind::pattern)
            return false;
        const std::string literal = "/" + s.text;
        const auto path = http::fold_path(literal, rules, scratch);
        return path && percent_decode(*path).size() < percent_decode(literal).size();
    };
    return std::any_of(t.segments.begin(), t.segments.end(), is_shortened);
}

} // namespace scopegate::config
