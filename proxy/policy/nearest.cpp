#include "policy/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace scopegate::policy {

namespace {

// Bounds for the compared part of a path: clients choose the path, and each refusal may cause a comparison.
constexpr std::size_t max_compared_segments = 16;
constexpr std::size_t longest_segment = 32;

// The cost of a parameter, a rest or a trailing slash that one side lacks.
constexpr unsigned missing_parameter = 2;
constexpr unsigned missing_rest = 1;
constexpr unsigned other_slash = 1;

struct split_path {
    std::array<std::string_view, max_compared_segments> segments;
    std::size_t count = 0;
    bool trailing_slash = false;
};

split_path split(std::string_view path) noexcept
{
    split_path out;
    out.trailing_slash = path.size() > 1 && path.ends_with('/');
    while (path.starts_with('/') && path.size() > 1 && out.count < max_compared_segments) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        out.segments[out.count++] = segment.substr(0, longest_segment);
    }
    return out;
}

// Returns the cost of a literal or path segment that one side lacks: one edit per character, and one more.
unsigned missing(std::string_view segment) noexcept
{
    return static_cast<unsigned>(segment.size()) + 1;
}

// Returns Levenshtein's distance of two short texts, where a wildcard in `b` stands for any text at no cost.
// If more than half of the characters differ, the texts count as unrelated. Adds its work to `steps`.
unsigned edit_distance(std::string_view a, std::string_view b, std::size_t& steps) noexcept
{
    if (a == b)
        return 0;
    steps += a.size() * b.size();
    std::array<unsigned, longest_segment + 1> row{};
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = static_cast<unsigned>(j);
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto diagonal = row[0];
        row[0] = static_cast<unsigned>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const bool any = b[j - 1] == wildcard;
            const auto replaced = diagonal + (any || a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({row[j] + (any ? 0U : 1U), row[j - 1] + 1, replaced});
        }
    }
    const auto edits = row[b.size()];
    return 2 * edits <= std::max(a.size(), b.size()) ? edits : missing(a) + missing(b);
}

unsigned missing(const template_segment& segment) noexcept
{
    switch (segment.type) {
    case template_segment::kind::parameter:
        return missing_parameter;
    case template_segment::kind::rest:
        return missing_rest;
    case template_segment::kind::literal:
    case template_segment::kind::pattern:
        break;
    }
    return missing(std::string_view(segment.text).substr(0, longest_segment));
}

// Returns the distance of a path from a template: an edit distance over their segments.
unsigned distance(const split_path& path, const route& r, std::size_t& steps) noexcept
{
    std::array<unsigned, max_compared_segments + 1> row{};
    for (std::size_t j = 1; j <= path.count; ++j)
        row[j] = row[j - 1] + missing(path.segments[j - 1]);
    for (const auto& segment : r.segments) {
        const bool rest = segment.type == template_segment::kind::rest;
        const bool literal = has_literal_text(segment);
        const auto text = std::string_view(segment.text).substr(0, longest_segment);
        const auto lacks = missing(segment);
        auto diagonal = row[0];
        row[0] += lacks;
        for (std::size_t j = 1; j <= path.count; ++j) {
            const auto& sent = path.segments[j - 1];
            const auto replaced = diagonal + (literal ? edit_distance(sent, text, steps) : 0U);
            diagonal = row[j];
            row[j] = std::min({row[j] + lacks, row[j - 1] + (rest ? 0U : missing(sent)), replaced});
        }
    }
    return row[path.count] + (path.trailing_slash == r.trailing_slash ? 0U : other_slash);
}

} // namespace

const route* nearest_route(const policy& p, std::string_view path, std::size_t most) noexcept
{
    const auto parts = split(path);
    const route* nearest = nullptr;
    unsigned least = 0;
    std::size_t steps = 0;
    for (const auto& r : p.routes) {
        if (steps > most)
            return nullptr;
        const auto d = distance(parts, r, steps);
        steps += r.segments.size() * (parts.count + 1);
        if (nearest == nullptr || d < least) {
            nearest = &r;
            least = d;
        }
    }
    return nearest;
}

} // namespace scopegate::policy
