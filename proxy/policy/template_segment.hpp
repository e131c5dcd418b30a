// One segment of a path template, and the parameters in it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::policy {

// Stands for each parameter in the text of a pattern. No path contains it, since controls are refused.
inline constexpr char wildcard = '\x01';

struct template_segment {
    // In the order of precedence. A pattern is a segment with text beside its parameters: `{user}:suspend`.
    enum class kind : std::uint8_t { literal, pattern, parameter, rest };
    kind type = kind::literal;
    // A literal as in a normalized path. A pattern likewise, with `wildcard` in place of each parameter.
    // Otherwise the parameter's name.
    std::string text;
    std::vector<std::string> names{}; // of a pattern's parameters, in order
};

// Returns whether the segment has text that a path must spell alike.
[[nodiscard]] inline bool has_literal_text(const template_segment& s) noexcept
{
    return s.type == template_segment::kind::literal || s.type == template_segment::kind::pattern;
}

// Returns whether two segments match alike, whatever the names of their parameters are.
[[nodiscard]] inline bool same_shape(const template_segment& a, const template_segment& b) noexcept
{
    return a.type == b.type && (!has_literal_text(a) || a.text == b.text);
}

[[nodiscard]] inline std::size_t count_parameters(const template_segment& s) noexcept
{
    return s.type == template_segment::kind::literal   ? 0
           : s.type == template_segment::kind::pattern ? s.names.size()
                                                       : 1;
}

// Calls f(name, segment) for each parameter of a template, in the order of a match's values.
template <class F>
void for_each_parameter(const std::vector<template_segment>& segments, F&& f)
{
    for (const template_segment& s : segments) {
        if (s.type == template_segment::kind::pattern)
            std::for_each(s.names.begin(), s.names.end(), [&](const std::string& name) { f(name, s); });
        else if (s.type != template_segment::kind::literal)
            f(s.text, s);
    }
}

// The place of a parameter in a template.
struct parameter_place {
    std::size_t segment = 0; // the number of segments if the template has no such parameter
    std::size_t within = 0;  // among the parameters of that segment
};

// Returns the place of the parameter with this index in a match's values.
[[nodiscard]] inline parameter_place place_of(const std::vector<template_segment>& segments,
                                              std::size_t parameter) noexcept
{
    for (std::size_t at = 0; at < segments.size(); ++at) {
        const auto here = count_parameters(segments[at]);
        if (parameter < here)
            return {at, parameter};
        parameter -= here;
    }
    return {segments.size(), 0};
}

} // namespace scopegate::policy
