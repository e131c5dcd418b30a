#include "policy/route_tree.hpp"

#include "http/delimiters.hpp"
#include "policy/methods.hpp"
#include "policy/segment_hash.hpp"

#include <algorithm>
#include <stdexcept>

namespace scopegate::policy {

namespace {

void check_bounds(const std::vector<template_segment>& segments, const route& r)
{
    std::size_t parameters_in = 0;
    for_each_parameter(segments, [&](const std::string&, const template_segment&) { ++parameters_in; });
    if (segments.size() > max_segments || parameters_in > max_parameters)
        throw std::length_error("the template " + r.text + " has too many segments or parameters");
}

// Returns whether the text of a pattern behind its last parameter comes earlier in the segment, too. An
// upstream that splits at the first `:suspend` reads another value from `7:suspend:suspend` than one that
// splits at the last.
bool ends_earlier(std::string_view segment, std::string_view pattern, std::string_view last_value)
{
    const auto end = pattern.substr(pattern.rfind(wildcard) + 1);
    const auto from = static_cast<std::size_t>(last_value.data() - segment.data());
    return !end.empty() && segment.find(end, from) < segment.size() - end.size();
}

} // namespace

const requirement* route::find(std::string_view method) const noexcept
{
    if (is_never_forwarded(method))
        return nullptr;
    const auto named = [this](std::string_view wanted) -> const requirement* {
        for (const auto& entry : methods)
            if (entry.first == wanted)
                return &entry.second;
        return nullptr;
    };
    if (const requirement* own = named(method))
        return own;
    if (method == "HEAD")
        if (const requirement* get = named("GET"))
            return get;
    return any && !names_alike(*this, method) ? &*any : nullptr;
}

// Adds a template with an encoded delimiter, `%2A`, in both spellings. Each spelling has its own nodes: two
// templates must not share a spelling.
const route* route_tree::add(const std::vector<template_segment>& segments, bool trailing_slash,
                             const route& r)
{
    check_bounds(segments, r);
    auto plain = segments;
    bool encodes = false;
    for (auto& s : plain) {
        if (!has_literal_text(s))
            continue;
        s.text = http::decode_delimiters(s.text);
        encodes =
            encodes || s.text.size() != segments[static_cast<std::size_t>(&s - plain.data())].text.size();
    }
    const auto insert = [&](const std::vector<template_segment>& spelled) -> const route* {
        std::uint32_t here = 0;
        for (const template_segment& s : spelled) {
            switch (s.type) {
            case template_segment::kind::literal:
                here = make_literal_child(here, s.text);
                break;
            case template_segment::kind::pattern:
                here = make_pattern_child(here, s.text);
                break;
            case template_segment::kind::parameter:
                here = make_parameter_child(here);
                break;
            case template_segment::kind::rest:
                if (&s != &spelled.back())
                    throw std::invalid_argument("the template " + r.text +
                                                " has segments after its rest parameter");
                return claim_slot(nodes_[here].rest, r);
            }
        }
        // `/` is the empty path: its only slash is not a trailing one.
        const bool slash = trailing_slash && !spelled.empty();
        return claim_slot(slash ? nodes_[here].end_with_slash : nodes_[here].end, r);
    };
    if (encodes)
        if (const route* const there = insert(plain))
            return there;
    return insert(segments);
}

const route* route_tree::claim_slot(const route*& place, const route& r) noexcept
{
    if (place != nullptr)
        return place;
    place = &r;
    return nullptr;
}

std::uint32_t route_tree::make_node()
{
    nodes_.emplace_back();
    return static_cast<std::uint32_t>(nodes_.size() - 1);
}

std::uint32_t route_tree::make_parameter_child(std::uint32_t parent)
{
    if (nodes_[parent].parameter == none) {
        const std::uint32_t made = make_node();
        nodes_[parent].parameter = made;
    }
    return nodes_[parent].parameter;
}

std::uint32_t route_tree::make_pattern_child(std::uint32_t parent, std::string_view text)
{
    if (nodes_[parent].patterns == 0) {
        patterns_.emplace_back();
        nodes_[parent].patterns = patterns_.size() & 0x7FFFFFFFU;
    }
    auto& child = patterns_[nodes_[parent].patterns - 1].child_of(text);
    if (child == none)
        child = make_node();
    return child;
}

std::uint32_t route_tree::make_literal_child(std::uint32_t parent, std::string_view literal)
{
    if (const std::uint32_t there = literal_child(parent, literal); there != none)
        return there;
    const auto child = make_node();
    if (edges_.size() < 2 * (edge_count_ + 1))
        grow_edges();
    const edge made{parent, child, static_cast<std::uint32_t>(texts_.size()),
                    static_cast<std::uint32_t>(literal.size())};
    texts_ += literal;
    nodes_[parent].has_literals = 1;
    place_edge(made);
    ++edge_count_;
    return made.child;
}

void route_tree::grow_edges()
{
    std::vector<edge> old(std::max<std::size_t>(16, edges_.size() * 2));
    old.swap(edges_);
    for (const edge& e : old)
        if (e.parent != none)
            place_edge(e);
}

void route_tree::place_edge(const edge& e) noexcept
{
    std::size_t at = segment_hash(e.parent, literal_of(e)) & (edges_.size() - 1);
    while (edges_[at].parent != none)
        at = (at + 1) & (edges_.size() - 1);
    edges_[at] = e;
}

std::uint32_t route_tree::literal_child(std::uint32_t parent, std::string_view literal) const noexcept
{
    if (nodes_[parent].has_literals == 0)
        return none;
    for (std::size_t at = segment_hash(parent, literal);; ++at) {
        const edge& e = edges_[at & (edges_.size() - 1)];
        if (e.parent == none)
            return none;
        if (e.parent == parent && literal_of(e) == literal)
            return e.child;
    }
}

const route* route_tree::match(std::string_view path, parameters& out) const noexcept
{
    out.count = 0;
    out.uncertain = false;
    if (path.empty() || path.front() != '/')
        return nullptr;
    return descend(0, path == "/" ? std::string_view{} : path, 0, out);
}

const route* route_tree::descend(std::uint32_t id, std::string_view left, std::size_t count,
                                 parameters& out) const noexcept
{
    const node& here = nodes_[id];
    if (left.empty() || left == "/") {
        if (const route* whole = left.empty() ? here.end : here.end_with_slash) {
            out.count = count;
            return whole;
        }
    } else {
        const std::size_t slash = left.find('/', 1);
        const std::string_view segment = left.substr(1, slash == std::string_view::npos ? slash : slash - 1);
        const std::string_view behind = left.substr(1 + segment.size());
        if (!segment.empty()) {
            if (const std::uint32_t child = literal_child(id, segment); child != none)
                if (const route* found = descend(child, behind, count, out))
                    return found;
            if (here.patterns != 0)
                if (const route* found = descend_by_pattern(here, segment, behind, count, out))
                    return found;
            if (here.parameter != none) {
                out.values[count] = segment;
                if (const route* found = descend(here.parameter, behind, count + 1, out))
                    return found;
            }
        }
    }
    if (here.rest != nullptr) {
        out.values[count] = left.substr(left.empty() ? 0 : 1);
        out.count = count + 1;
    }
    return here.rest;
}

const route* route_tree::descend_by_pattern(const node& here, std::string_view segment,
                                            std::string_view behind, std::size_t count,
                                            parameters& out) const noexcept
{
    const route* found = nullptr;
    const auto try_pattern = [&](const pattern_index::match& m) {
        found = descend(m.child, behind, count + m.parameters, out);
        if (found == nullptr)
            return false;
        const auto last_value = out.values[count + m.parameters - 1];
        out.uncertain = out.uncertain || m.uncertain || ends_earlier(segment, m.text, last_value);
        return true;
    };
    (void)patterns_of(here).any_match(segment, how_, out.values.data() + count, try_pattern);
    return found;
}

std::uint32_t route_tree::find_node(const std::vector<template_segment>& segments,
                                    std::size_t depth) const noexcept
{
    std::uint32_t here = 0;
    for (std::size_t i = 0; i < depth && here != none; ++i) {
        const auto& s = segments[i];
        if (s.type == template_segment::kind::literal)
            here = literal_child(here, s.text);
        else if (s.type == template_segment::kind::parameter)
            here = nodes_[here].parameter;
        else
            here = nodes_[here].patterns != 0 ? patterns_of(nodes_[here]).find(s.text) : none;
    }
    return here;
}

} // namespace scopegate::policy
