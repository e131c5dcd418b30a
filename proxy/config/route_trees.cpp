// Builds the two trees of routes, and refuses templates that conflict with each other.
#include "config/pattern_conflicts.hpp"
#include "config/routes.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::route;
using policy::template_segment;

bool same_needs(const requirement* a, const requirement* b)
{
    return a == nullptr || b == nullptr ? a == b : policy::same_needs(*a, *b);
}

// Returns whether both have the same requirement for every method.
bool same_needs(const route& a, const route& b)
{
    std::set<std::string, std::less<>> methods{"GET", "HEAD"};
    for (const route* r : {&a, &b})
        for (const auto& m : r->methods)
            methods.insert(m.first);
    return same_needs(a.any ? &*a.any : nullptr, b.any ? &*b.any : nullptr) &&
           std::all_of(methods.begin(), methods.end(),
                       [&](const std::string& m) { return same_needs(a.find(m), b.find(m)); });
}

bool same_literals(const std::vector<template_segment>& a, const std::vector<template_segment>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), policy::same_shape);
}

std::string line_of(const route& r)
{
    return "line " + std::to_string(r.mark.line);
}

// A route with its literals as they are when letter case counts.
struct spelled_route {
    const route* written = nullptr;
    std::vector<template_segment> spelling;
};

// The routes of a group that each further route must be compared with. While no two routes of a group
// conflict, all of them share the spelling of the first one, or all share its requirements. So these three
// suffice.
struct group_witnesses {
    spelled_route first;
    spelled_route other_spelling;
    spelled_route other_needs;
};

class trees final {
public:
    trees(compilation& c, const std::vector<path_template>& templates) : c_(c), templates_(templates)
    {
        exact_rules_ = c.policy.paths;
        exact_rules_.case_exact = true;
    }

    void add(const route& r)
    {
        const auto& t = templates_[r.index];
        if (const route* other = c_.policy.exact.add(t.segments, t.trailing_slash, r)) {
            c_.out.error(r.mark, "the template " + in_quotes(r.text) + " matches the same paths as " +
                                     in_quotes(other->text) + " in " + line_of(*other));
            return;
        }
        if (report(exact_conflicts_.add(t.segments, r), r, ""))
            return;
        const auto& shape = shapes_.emplace_back(folded(t, c_.policy.paths));
        if (!shape) {
            c_.out.error(r.mark, "the template " + in_quotes(r.text) +
                                     " can't be reached: it could be read as a dot segment");
            return;
        }
        if (report(folded_conflicts_.add(*shape, r), r,
                   " to an API that ignores letter case, or decodes every triplet,"))
            return;
        auto& alike = c_.policy.folded_alike;
        const route* first = c_.policy.folded.add(*shape, false, r);
        const bool shortened = loses_text(t, c_.policy.paths);
        if (first == nullptr) {
            alike[r.index] = {&r};
            if (shortened)
                shortened_groups_.insert(r.index);
            return;
        }
        auto& group = alike[first->index];
        if (check_shortened(r, shortened, group))
            return;
        group.push_back(&r);
        if (!c_.policy.paths.case_exact)
            check_letter_case(r, *first);
    }

private:
    // Reports the conflict, if there is one. `to_whom` has it.
    bool report(const std::optional<pattern_conflicts::conflict>& found, const route& r,
                std::string_view to_whom)
    {
        if (!found)
            return false;
        c_.out.error(r.mark, "the template " + in_quotes(r.text) + ": " +
                                 in_quotes(text_of(*found->pattern)) + " and " +
                                 in_quotes(text_of(*found->other)) + " (" + line_of(*found->other_route) +
                                 ") can match the same segment," + std::string(to_whom) +
                                 " and neither is more specific. Make one a whole {parameter}, or extend its "
                                 "text so that it includes the other's");
        return true;
    }

    // The spelling of the path alone distinguishes routes that fold alike. The text that a pattern loses can
    // be spelled in other ways, which a wider route of the group takes for a value: so all routes of such a
    // group need the same. Reports the first one that does not.
    bool check_shortened(const route& r, bool shortened, const std::vector<const route*>& group)
    {
        const auto id = group.front()->index;
        const bool was_shortened = shortened_groups_.count(id) != 0;
        if (!shortened && !was_shortened)
            return false;
        // The routes of a shortened group need the same already.
        const auto last = was_shortened ? group.begin() + 1 : group.end();
        const auto other =
            std::find_if(group.begin(), last, [&](const route* known) { return !same_needs(r, *known); });
        if (other != last) {
            c_.out.error(r.mark,
                         "the template " + in_quotes(r.text) + " is " + in_quotes((*other)->text) + " in " +
                             line_of(**other) +
                             " to an API that drops the end of a segment, but has other requirements: "
                             "give both the same, or leave one of them out");
            return true;
        }
        shortened_groups_.insert(id);
        return false;
    }

    // A file system or framework that ignores letter case would confuse the two.
    void check_letter_case(const route& r, const route& first)
    {
        auto& known = witnesses_[first.index];
        if (known.first.written == nullptr)
            known.first = spelled(first);
        auto mine = spelled(r);
        for (const auto* other : {&known.first, &known.other_spelling, &known.other_needs})
            if (other->written != nullptr && !same_literals(mine.spelling, other->spelling) &&
                !same_needs(r, *other->written))
                return refuse(r, *other->written);
        if (known.other_spelling.written == nullptr && !same_literals(mine.spelling, known.first.spelling))
            known.other_spelling = std::move(mine);
        else if (known.other_needs.written == nullptr && !same_needs(r, first))
            known.other_needs = std::move(mine);
    }

    [[nodiscard]] spelled_route spelled(const route& r) const
    {
        auto literals = folded(templates_[r.index], exact_rules_);
        return {&r, literals ? std::move(*literals) : templates_[r.index].segments};
    }

    void refuse(const route& r, const route& other)
    {
        c_.out.error(r.mark, "the template " + in_quotes(r.text) + " differs from " + in_quotes(other.text) +
                                 " in " + line_of(other) +
                                 " by letter case only, but has other requirements: only \"paths: {case: "
                                 "exact}\" allows that");
    }

    compilation& c_;
    const std::vector<path_template>& templates_;
    http::path_rules exact_rules_;
    pattern_conflicts exact_conflicts_;
    pattern_conflicts folded_conflicts_;
    std::deque<std::optional<std::vector<template_segment>>> shapes_; // the folded ones
    std::unordered_map<std::uint32_t, group_witnesses> witnesses_;    // by the index of a group's first route
    std::set<std::uint32_t> shortened_groups_; // likewise: those with a pattern that loses text
};

} // namespace

void compile_trees(compilation& c, const std::vector<path_template>& templates)
{
    c.policy.folded_alike.resize(c.policy.routes.size());
    trees both(c, templates);
    for (const route& r : c.policy.routes)
        both.add(r);
}

} // namespace scopegate::config
