#include "config/pattern_conflicts.hpp"

#include <algorithm>
#include <array>

namespace scopegate::config {

namespace {

using policy::template_segment;

// The text of a pattern before its first parameter.
std::string beginning_of(const template_segment& pattern)
{
    return pattern.text.substr(0, pattern.text.find(policy::wildcard));
}

// The text behind the last parameter, reversed.
std::string ending_of(const template_segment& pattern)
{
    const auto behind = pattern.text.rfind(policy::wildcard) + 1;
    return {pattern.text.rbegin(), pattern.text.rend() - static_cast<std::ptrdiff_t>(behind)};
}

// Returns whether `wide` matches all that `narrow` does. It then matches the text of `narrow`, in which the
// wildcards are characters that no literal has.
bool contains(const template_segment& wide, const template_segment& narrow)
{
    policy::pattern_index only;
    only.child_of(wide.text) = 0;
    std::array<std::string_view, policy::max_parameters> values;
    return only.any_match(narrow.text, policy::pattern_index::matching::exact, values.data(),
                          [](const auto&) { return true; });
}

std::string key_of(const template_segment& s)
{
    const bool has_text = policy::has_literal_text(s);
    return "/" + std::to_string(static_cast<int>(s.type)) + (has_text ? s.text : std::string());
}

} // namespace

// One of two crossing patterns has more text at its beginning, the other one at its end.
const pattern_conflicts::entry* pattern_conflicts::find_crossing(const by_end& all, std::string_view end,
                                                                 std::string_view other_end)
{
    for (std::size_t size = 0; size < end.size(); ++size) {
        const auto group = all.find(end.substr(0, size));
        if (group == all.end())
            continue;
        const auto longer = group->second.upper_bound(other_end);
        if (longer != group->second.end() && longer->first.starts_with(other_end))
            return &longer->second.front();
    }
    return nullptr;
}

// Returns a pattern with at most as much text at both ends that does not match all that the added one does.
// With one parameter it would.
const pattern_conflicts::entry* pattern_conflicts::find_wider(const place& at, const template_segment& added)
{
    const auto beginning = beginning_of(added), ending = ending_of(added);
    for (std::size_t b = 0; b <= beginning.size(); ++b) {
        const auto group = at.by_beginning.find(std::string_view(beginning).substr(0, b));
        if (group == at.by_beginning.end())
            continue;
        for (std::size_t e = 0; e <= ending.size(); ++e) {
            const auto alike = group->second.find(std::string_view(ending).substr(0, e));
            if (alike == group->second.end())
                continue;
            const bool same_ends = b == beginning.size() && e == ending.size();
            for (const entry& other : alike->second)
                if (other.pattern->names.size() > 1 && !contains(*other.pattern, added) &&
                    !(same_ends && contains(added, *other.pattern)))
                    return &other;
        }
    }
    return nullptr;
}

// Returns a pattern with at least as much text at both ends, but more at one of them, that the added one does
// not match. With one parameter it matches all of these.
const pattern_conflicts::entry* pattern_conflicts::find_narrower(const place& at,
                                                                 const template_segment& added)
{
    if (added.names.size() == 1)
        return nullptr;
    const auto beginning = beginning_of(added), ending = ending_of(added);
    for (auto group = at.by_beginning.lower_bound(beginning);
         group != at.by_beginning.end() && group->first.starts_with(beginning); ++group)
        for (auto alike = group->second.lower_bound(ending);
             alike != group->second.end() && alike->first.starts_with(ending); ++alike)
            for (const entry& other : alike->second)
                if ((group->first != beginning || alike->first != ending) && !contains(added, *other.pattern))
                    return &other;
    return nullptr;
}

std::optional<pattern_conflicts::conflict>
pattern_conflicts::add(const std::vector<template_segment>& segments, const policy::route& r)
{
    std::string key;
    for (const template_segment& s : segments) {
        const auto here = key;
        key += key_of(s);
        if (s.type != template_segment::kind::pattern)
            continue;
        place& at = places_[here];
        const auto beginning = beginning_of(s), ending = ending_of(s);
        auto& alike = at.by_beginning[beginning][ending];
        if (std::any_of(alike.begin(), alike.end(),
                        [&](const entry& known) { return known.pattern->text == s.text; }))
            continue;
        alike.push_back({&s, &r}); // at once, so that no list is empty
        at.by_ending[ending][beginning].push_back({&s, &r});
        const entry* other = find_wider(at, s);
        if (other == nullptr)
            other = find_narrower(at, s);
        if (other == nullptr)
            other = find_crossing(at.by_beginning, beginning, ending);
        if (other == nullptr)
            other = find_crossing(at.by_ending, ending, beginning);
        if (other != nullptr)
            return conflict{&s, other->pattern, other->of};
    }
    return std::nullopt;
}

std::string text_of(const template_segment& pattern)
{
    std::string out;
    auto name = pattern.names.begin();
    for (const char c : pattern.text)
        if (c == policy::wildcard)
            out += "{" + *name++ + "}";
        else
            out += c;
    return out;
}

} // namespace scopegate::config
