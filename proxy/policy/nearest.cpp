#include "policy/nearest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace scopegate::policy {

namespace {

// A path is compared as far as these: a client chooses it, and each refusal may ask for a comparison.
constexpr std::size_t most_segments = 16;
constexpr std::size_t longest_segment = 32;
constexpr std::size_t most_steps = 65'536; // of edit_distance(), over all routes

// The cost of a segment that one side lacks, and of a slash at the end that one side lacks.
constexpr unsigned extra_segment = 4;
constexpr unsigned other_slash = 1;

struct split_path {
    std::array<std::string_view, most_segments> segments;
    std::size_t count = 0;
    bool trailing_slash = false;
};

split_path split(std::string_view path) noexcept
{
    split_path out;
    out.trailing_slash = path.size() > 1 && path.ends_with('/');
    while (path.starts_with('/') && path.size() > 1 && out.count < most_segments) {
        path.remove_prefix(1);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        out.segments[out.count++] = segment.substr(0, longest_segment);
    }
    return out;
}

// Levenshtein's distance of two short texts. Adds its work to `steps`.
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
            const auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

// How far a path is from a template: an edit distance of their segments.
unsigned distance(const split_path& path, const route& r, std::size_t& steps) noexcept
{
    std::array<unsigned, most_segments + 1> row{};
    for (std::size_t j = 0; j <= path.count; ++j)
        row[j] = static_cast<unsigned>(j) * extra_segment;
    for (const auto& segment : r.segments) {
        const bool rest = segment.type == template_segment::kind::rest;
        const auto literal = std::string_view(segment.text).substr(0, longest_segment);
        auto diagonal = row[0];
        row[0] += extra_segment;
        for (std::size_t j = 1; j <= path.count; ++j) {
            const bool is_literal = segment.type == template_segment::kind::literal;
            const auto replaced =
                diagonal + (is_literal ? edit_distance(path.segments[j - 1], literal, steps) : 0U);
            diagonal = row[j];
            row[j] = std::min({row[j] + extra_segment, row[j - 1] + (rest ? 0U : extra_segment), replaced});
        }
    }
    return row[path.count] + (path.trailing_slash == r.trailing_slash ? 0U : other_slash);
}

} // namespace

const route* nearest_route(const policy& p, std::string_view path) noexcept
{
    const auto parts = split(path);
    const route* nearest = nullptr;
    unsigned least = 0;
    std::size_t steps = 0;
    for (const auto& r : p.routes) {
        if (steps > most_steps)
            break;
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
