// The routes, compiled: path templates as a tree (literal, then {name}, then {name...}), so that matching
// costs what the path is long, not what the file is. The order of the file plays no part.
#pragma once

#include "policy/requirement.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::policy {

// One segment of a template.
struct template_segment {
    enum class kind : std::uint8_t { literal, parameter, rest };
    kind type = kind::literal;
    std::string text; // literal: normalised as it stands in a normalised path; otherwise the parameter's name
};

inline constexpr std::size_t max_parameters = 16; // of one template
inline constexpr std::size_t max_segments = 64;   // of one template

// One template with its methods.
struct route {
    std::string text; // the template as written
    std::vector<template_segment> segments;
    bool trailing_slash = false;
    std::vector<std::pair<std::string, requirement>>
        methods;                    // those named, in the order of the file, without ANY
    std::optional<requirement> any; // ANY
    std::string allow;              // the Allow value of a 405: the named methods, HEAD with GET
    std::uint32_t index = 0;        // dense over a policy, in the order of the file
    source_mark mark;

    // The requirement for a method: the one named, GET's for HEAD, ANY's; null: wrong method. CONNECT and
    // TRACE never match.
    [[nodiscard]] const requirement* find(std::string_view method) const noexcept;
};

// The values of a matched template's parameters, still percent-encoded; views into the matched path.
struct parameters {
    std::array<std::string_view, max_parameters> values;
    std::size_t count = 0;
};

// A tree over routes that the caller owns and keeps alive. Build it once, then it is immutable.
//
// What a match costs: a node stands for one beginning of templates, and one match visits a node at most once,
// and only where its beginning matches that of the path. A path with a literal and a parameter to choose from
// at each of k segments can thus visit 2^k nodes, but only where the file has as many templates for it: a
// request can't make the search explode, and the recursion is as deep as the longest template (max_segments),
// however long the path is. A visit is one look into a hash table that all nodes share, so ten thousand
// literal siblings cost what one does.
class route_tree final {
public:
    // Adds a template under the given segments (the route's own, or their folded form). Returns the route
    // that already has the same shape, if any: nothing is added then (the caller decides whether that is an
    // error), otherwise null. Throws std::length_error above max_segments or max_parameters,
    // std::invalid_argument for a rest that is not last.
    const route* add(const std::vector<template_segment>& segments, bool trailing_slash, const route& r);

    // The most specific template that matches the whole path, or null. At each segment a literal wins over a
    // parameter, which wins over the rest. Allocates nothing. `path` begins with `/` (null for any other).
    // The value of a rest is all behind the slash before it: of /files/{rest...} and /files/a/b/ it is
    // `a/b/`.
    [[nodiscard]] const route* match(std::string_view path, parameters& out) const noexcept;

private:
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    struct node {
        const route* end = nullptr;            // the template that ends here
        const route* end_with_slash = nullptr; // the one that ends here with a trailing slash
        const route* rest = nullptr;           // the one that goes on with {name...}
        std::uint32_t parameter = none;        // the child for {name}
        bool has_literals = false;
    };
    struct edge { // from a node by a literal segment to its child; parent none: a free place
        std::uint32_t parent = none;
        std::uint32_t child = none;
        std::uint32_t text = 0; // in texts_
        std::uint32_t size = 0;
    };

    static const route* take_place(const route*& place, const route& r) noexcept;
    [[nodiscard]] std::uint32_t make_node();
    [[nodiscard]] std::uint32_t make_parameter_child(std::uint32_t parent);
    [[nodiscard]] std::uint32_t make_literal_child(std::uint32_t parent, std::string_view literal);
    void grow_edges();
    void place_edge(const edge& e) noexcept;
    [[nodiscard]] std::string_view literal_of(const edge& e) const noexcept
    {
        return {texts_.data() + e.text, e.size};
    }
    [[nodiscard]] std::uint32_t literal_child(std::uint32_t parent, std::string_view literal) const noexcept;
    // The best template below a node for what is left of the path: nothing, `/`, or `/segment...`.
    [[nodiscard]] const route* descend(std::uint32_t id, std::string_view left, std::size_t count,
                                       parameters& out) const noexcept;

    std::vector<node> nodes_ = std::vector<node>(1); // the first is the root
    std::vector<edge> edges_;                        // open addressing; a power of two, at most half full
    std::size_t edge_count_ = 0;
    std::string texts_;
};

} // namespace scopegate::policy
