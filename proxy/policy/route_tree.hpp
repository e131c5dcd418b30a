// The compiled routes: path templates as a tree (literal, then pattern such as v{name}, then {name}, then
// {name...}). The cost of a match depends on the length of the path, not on the size of the file. The order
// of the file does not matter.
#pragma once

#include "policy/parameters.hpp"
#include "policy/pattern_index.hpp"
#include "policy/requirement.hpp"
#include "policy/template_segment.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::policy {

inline constexpr std::size_t max_segments = 64; // of one template

// One template with its methods.
struct route {
    std::string text; // the template as written
    std::vector<template_segment> segments;
    bool trailing_slash = false;
    // The named methods, in the order of the file, without ANY.
    std::vector<std::pair<std::string, requirement>> methods;
    std::optional<requirement> any; // ANY
    std::string allow;              // the Allow value of a 405: the named methods, HEAD with GET
    std::uint32_t index = 0;        // dense within a policy, in the order of the file
    source_mark mark;
    std::uint32_t settings = 0; // index into policy::settings; 0: the server's

    // Returns the requirement for a method: the method's own, GET's for HEAD, or ANY's. Null means wrong
    // method. CONNECT and TRACE never match.
    [[nodiscard]] const requirement* find(std::string_view method) const noexcept;
};

// A tree over routes that the caller owns and keeps alive. Built once, then immutable.
//
// The cost of a match: each node stands for one prefix of templates. A match visits a node at most once, and
// only if its prefix matches that of the path. If each of k segments can match a literal and a parameter, a
// match may visit 2^k nodes, but only if the file has that many templates. So a request can't make the search
// explode. The recursion is at most as deep as the longest template (max_segments), even for a long path. A
// visit is one lookup in a hash table that all nodes share, so ten thousand literal siblings cost the same as
// one.
class route_tree final {
public:
    // How the tree reads segments with patterns. `loose` is for folded paths: see pattern_index.
    using matching = pattern_index::matching;

    explicit route_tree(matching how = matching::exact) noexcept : how_(how) {}

    // Adds a template under the given segments (the route's own, or their folded form). If a route already
    // has the same shape, adds nothing and returns that route; the caller decides whether that is an error.
    // Returns null otherwise. Throws std::length_error above max_segments or max_parameters, and
    // std::invalid_argument for a rest that is not last.
    const route* add(const std::vector<template_segment>& segments, bool trailing_slash, const route& r);

    // Returns the most specific template that matches the whole path, or null. At each segment, a literal
    // takes precedence over a pattern, a more specific pattern over a less specific one, any pattern over a
    // parameter, and a parameter over the rest. Allocates nothing. `path` must begin with `/`; other paths
    // yield null. The value of a rest is everything after the slash before it: /files/{rest...} reads `a/b/`
    // from /files/a/b/. Sets `out.uncertain` if the text between two parameters of a segment, or behind the
    // last one, comes again.
    [[nodiscard]] const route* match(std::string_view path, parameters& out) const noexcept;

    // Calls f(text) for each pattern that other templates have in place of the segment at index `at` of an
    // added template, and that matches this segment too: for `/v1` and `/a-b`, the text of `/v{name}`, or of
    // `/{x}-{y}`.
    template <class F>
    void for_each_pattern_beside(const std::vector<template_segment>& segments, std::size_t at, F&& f) const
    {
        const auto parent = find_node(segments, at);
        if (parent == none || nodes_[parent].patterns == 0)
            return;
        const auto& text = segments[at].text;
        parameters unused;
        (void)patterns_of(nodes_[parent])
            .any_match(text, how_, unused.values.data(), [&](const pattern_index::match& found) {
                if (found.text != text)
                    f(found.text);
                return false;
            });
    }

private:
    static constexpr std::uint32_t none = 0xFFFFFFFF;

    struct node {
        const route* end = nullptr;            // the template that ends here
        const route* end_with_slash = nullptr; // the one that ends here with a trailing slash
        const route* rest = nullptr;           // the one that goes on with {name...}
        std::uint32_t parameter = none;        // the child for {name}
        std::uint32_t patterns : 31 = 0;       // index into patterns_, counted from 1; 0: no pattern follows
        std::uint32_t has_literals : 1 = 0;
    };
    struct edge { // from a node by a literal segment to its child; parent none: a free slot
        std::uint32_t parent = none;
        std::uint32_t child = none;
        std::uint32_t text = 0; // in texts_
        std::uint32_t size = 0;
    };

    static const route* claim_slot(const route*& place, const route& r) noexcept;
    [[nodiscard]] std::uint32_t make_node();
    [[nodiscard]] std::uint32_t make_parameter_child(std::uint32_t parent);
    [[nodiscard]] std::uint32_t make_pattern_child(std::uint32_t parent, std::string_view text);
    [[nodiscard]] std::uint32_t make_literal_child(std::uint32_t parent, std::string_view literal);
    void grow_edges();
    void place_edge(const edge& e) noexcept;
    [[nodiscard]] std::string_view literal_of(const edge& e) const noexcept
    {
        return {texts_.data() + e.text, e.size};
    }
    [[nodiscard]] std::uint32_t literal_child(std::uint32_t parent, std::string_view literal) const noexcept;
    // Returns the best template below a node for the rest of the path: nothing, `/`, or `/segment...`.
    [[nodiscard]] const route* descend(std::uint32_t id, std::string_view left, std::size_t count,
                                       parameters& out) const noexcept;
    [[nodiscard]] const route* descend_by_pattern(const node& here, std::string_view segment,
                                                  std::string_view behind, std::size_t count,
                                                  parameters& out) const noexcept;
    [[nodiscard]] const pattern_index& patterns_of(const node& n) const noexcept
    {
        return patterns_[n.patterns - 1];
    }
    // Returns the node behind the first `depth` segments of an added template, or none.
    [[nodiscard]] std::uint32_t find_node(const std::vector<template_segment>& segments,
                                          std::size_t depth) const noexcept;

    std::vector<node> nodes_ = std::vector<node>(1); // the first is the root
    std::vector<edge> edges_;                        // open addressing; a power of two, at most half full
    std::size_t edge_count_ = 0;
    std::string texts_;
    std::vector<pattern_index> patterns_;
    matching how_;
};

} // namespace scopegate::policy
