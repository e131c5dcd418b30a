// The two trees over the routes, and which templates can't stand side by side.
#include "config/routes.hpp"

#include <algorithm>
#include <set>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::route;
using policy::template_segment;

bool same_needs(const requirement* a, const requirement* b)
{
    return a == nullptr || b == nullptr ? a == b : policy::same_needs(*a, *b);
}

// Whether both ask for the same with every method.
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
    return std::equal(
        a.begin(), a.end(), b.begin(), b.end(), [](const template_segment& x, const template_segment& y) {
            return x.type == y.type && (x.type != template_segment::kind::literal || x.text == y.text);
        });
}

std::string line_of(const route& r)
{
    return "line " + std::to_string(r.mark.line);
}

class trees final {
public:
    trees(compilation& c, const std::vector<path_template>& templates) : c_(c), templates_(templates) {}

    void add(const route& r)
    {
        const auto& t = templates_[r.index];
        if (const route* other = c_.made.exact.add(t.segments, t.trailing_slash, r)) {
            c_.out.error(r.mark, "the template " + in_quotes(r.text) + " matches the same paths as " +
                                     in_quotes(other->text) + " in " + line_of(*other));
            return;
        }
        auto shape = folded(t, c_.made.paths);
        if (!shape) {
            c_.out.error(r.mark, "the template " + in_quotes(r.text) +
                                     " can't be reached: it could be taken for a dot segment");
            return;
        }
        auto& alike = c_.made.folded_alike;
        const route* first = c_.made.folded.add(*shape, false, r);
        if (first == nullptr) {
            alike[r.index] = {&r};
            return;
        }
        check_letter_case(r, alike[first->index]);
        alike[first->index].push_back(&r);
        for (const route* other : alike[first->index])
            if (other != first)
                alike[other->index] = alike[first->index];
    }

private:
    // A file system or framework that ignores letter case would take one for the other.
    void check_letter_case(const route& r, const std::vector<const route*>& others)
    {
        if (c_.made.paths.case_exact)
            return;
        auto exact = c_.made.paths;
        exact.case_exact = true;
        for (const route* other : others) {
            const auto mine = folded(templates_[r.index], exact);
            const auto theirs = folded(templates_[other->index], exact);
            if (mine && theirs && !same_literals(*mine, *theirs) && !same_needs(r, *other))
                c_.out.error(r.mark, "the template " + in_quotes(r.text) + " differs from " +
                                         in_quotes(other->text) + " in " + line_of(*other) +
                                         " by letter case only, but needs something else: only \"paths: "
                                         "{case: exact}\" allows that");
        }
    }

    compilation& c_;
    const std::vector<path_template>& templates_;
};

} // namespace

void compile_trees(compilation& c, const std::vector<path_template>& templates)
{
    c.made.folded_alike.resize(c.made.routes.size());
    trees both(c, templates);
    for (const route& r : c.made.routes)
        both.add(r);
}

} // namespace scopegate::config
