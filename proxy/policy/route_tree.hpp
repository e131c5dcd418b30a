// The routes, compiled: path templates as a tree (literal, then {name}, then {name...}), so that matching costs what the
// path is long, not what the file is. The order of the file plays no part.
#pragma once

#include "policy/requirement.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
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
    std::vector<std::pair<std::string, requirement>> methods; // those named, in the order of the file, without ANY
    std::optional<requirement> any;                           // ANY
    std::string allow; // the Allow value of a 405: the named methods, HEAD with GET
    std::uint32_t index = 0; // dense over a policy, in the order of the file
    source_mark mark;

    // The requirement for a method: the one named, GET's for HEAD, ANY's; null: wrong method. CONNECT and TRACE never match.
    [[nodiscard]] const requirement* find(std::string_view method) const noexcept;
};

// The values of a matched template's parameters, still percent-encoded; views into the matched path.
struct parameters {
    std::array<std::string_view, max_parameters> values;
    std::size_t count = 0;
};

// A tree over routes that the caller owns and keeps alive. Build it once, then it is immutable.
class route_tree final {
public:
    route_tree();
    route_tree(route_tree&&) noexcept;
    route_tree& operator=(route_tree&&) noexcept;
    ~route_tree();

    // Adds a template under the given segments (the route's own, or their folded form). Returns the route that already
    // has the same shape, if any: nothing is added then (the caller decides whether that is an error), otherwise null.
    const route* add(const std::vector<template_segment>& segments, bool trailing_slash, const route& r);

    // The most specific template that matches the whole path, or null. At each segment a literal wins over a parameter,
    // which wins over the rest. Allocates nothing. `path` begins with `/`.
    [[nodiscard]] const route* match(std::string_view path, parameters& out) const noexcept;

private:
    struct node;
    std::unique_ptr<node> root_;
};

} // namespace scopegate::policy
