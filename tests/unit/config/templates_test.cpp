// Templates with text beside their parameters: what a file may have, which two are refused together, and that
// the tree matches as a plain reading of the templates does.
#include "yaml.hpp"

#include "config/pattern_conflicts.hpp"
#include "http/target.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

namespace scopegate::config {
namespace {

using namespace test;
using policy::route_match;
using policy::template_segment;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string with_routes(const std::string& body)
{
    return upstream + issuers + "scopes: {a: A, b: B}\nroutes:\n" + body;
}

TEST(templates, may_have_text_beside_their_parameters)
{
    struct row {
        const char* why;
        const char* text;
        const char* path;
        std::vector<std::string> values;
    };
    const row rows[] = {
        {"a custom method of Google", "/v1/users/{user}:suspend", "/v1/users/7:suspend", {"7"}},
        {"a format of Twilio", "/2010-04-01/Accounts/{Sid}.json", "/2010-04-01/Accounts/AC1.json", {"AC1"}},
        {"a comparison of GitHub",
         "/repos/{owner}/{repo}/compare/{base}...{head}",
         "/repos/a/b/compare/main...topic",
         {"a", "b", "main", "topic"}},
        {"a function of OData",
         "/drives/{id}/root/microsoft.graph.delta(token='{token}')",
         "/drives/1/root/microsoft.graph.delta(token='x')",
         {"1", "x"}},
        {"a key of OData", "/users('{id}')", "/users('7')", {"7"}},
        {"a version", "/v{version}/x", "/v2/x", {"2"}},
        {"a name with a hyphen", "/users/{user-id}", "/users/7", {"7"}},
        {"dots between parameters", "/{a}..{b}", "/x..y", {"x", "y"}},
        {"one dot", "/{a}.{b}", "/x.y", {"x", "y"}},
        {"text that a path has encoded", "/{a}|{b}", "/x|y", {"x", "y"}},
        {"letters beyond ASCII", "/é{a}", "/%C3%A9x", {"x"}},
        {"a delimiter that is encoded", "/{a}%3Ax", "/1:x", {"1"}},
        {"a wildcard of another dialect, encoded", "/{a}%2A", "/1*", {"1"}},
        {"a dollar sign inside", "/{a}/$links-{b}", "/1/$links-2", {"1", "2"}},
        {"a matrix parameter of OData", "/f(a={a},b={b})", "/f(a=1,b=2)", {"1", "2"}},
    };
    for (const auto& r : rows) {
        const auto p = policy_from_yaml(with_routes("  \"" + std::string(r.text) + "\": {GET: a}\n"));
        std::string scratch;
        const auto target = http::normalize_target(r.path, "GET", p->paths, scratch);
        ASSERT_TRUE(target) << r.why;
        const auto match = p->match(target->path, "GET");
        ASSERT_EQ(match.found, route_match::outcome::route) << r.why;
        std::vector<std::string> values(match.values.values.begin(),
                                        match.values.values.begin() +
                                            static_cast<std::ptrdiff_t>(match.values.count));
        EXPECT_EQ(values, r.values) << r.why;
    }
}

TEST(templates, give_where_the_parameters_within_a_segment)
{
    const auto p = policy_from_yaml(
        with_routes("  /{org}/{user-id}:{verb}/x: {GET: {scopes: a, where: {user-id: sub, org: o}}}\n"));
    std::vector<std::size_t> indexes;
    policy::for_each<policy::where_condition>(
        p->routes[0].methods[0].second.conditions,
        [&](const policy::where_condition& w) { indexes.push_back(w.parameter); });
    EXPECT_THAT(indexes, ElementsAre(1, 0));
    EXPECT_THAT(
        errors(with_routes("  \"/x{user-id}\": {GET: {scopes: a, where: {user_id: sub}}}\n")),
        ElementsAre(HasSubstr("the template has no parameter \"user_id\"; did you mean \"user-id\"?")));
}

TEST(templates, refuse_a_request_that_can_be_read_in_two_ways)
{
    const auto p =
        policy_from_yaml(with_routes("  \"/{a}-{b}\": {GET: public}\n") + "unlisted: authenticated\n");
    const auto match = p->match("/x-y-z", "GET");
    EXPECT_EQ(match.found, route_match::outcome::ambiguous) << "also where unlisted paths are allowed";
    EXPECT_EQ(match.needs, nullptr);
    EXPECT_EQ(match.matched, &p->routes[0]) << "for the log";
}

TEST(wide_weak_route, may_stand_beside_text_with_a_parameter)
{
    struct row {
        const char* why;
        const char* routes;
        const char* warning;
    };
    const row rows[] = {
        {"a whole segment", "  /u/{x}: {GET: a}\n  \"/u/{x}:s\": {GET: b}\n", "\"/u/{x}\" (GET) surrounds 1"},
        {"which asks for more", "  /u/{x}: {GET: [a, b]}\n  \"/u/{x}:s\": {GET: b}\n", ""},
        {"less text", "  \"/u/{x}:{v}\": {GET: a}\n  \"/u/{x}:s\": {GET: b}\n",
         "\"/u/{x}:{v}\" (GET) surrounds 1"},
        {"text beside a literal", "  \"/v{x}\": {GET: a}\n  /v1: {GET: b}\n", "\"/v{x}\" (GET) surrounds 1"},
        {"other text", "  \"/v{x}\": {GET: a}\n  /w1: {GET: b}\n", ""},
        {"a part that is the token's own",
         "  \"/u/{x}:{v}\": {GET: {scopes: a, where: {x: sub}}}\n  \"/u/{x}:s\": {GET: b}\n",
         "\"/u/{x}:{v}\" (GET) surrounds 1"},
        {"all of which is", "  \"/u/v{x}\": {GET: {scopes: a, where: {x: sub}}}\n  /u/v1: {GET: b}\n", ""},
    };
    for (const auto& r : rows) {
        const auto said = warnings_named(warning::wide_weak_route, with_routes(r.routes));
        if (*r.warning == '\0')
            EXPECT_THAT(said, IsEmpty()) << r.why;
        else
            EXPECT_THAT(said, ElementsAre(HasSubstr(r.warning))) << r.why;
    }
}

// --- A plain reading of templates ---

// `*` stands for a parameter.
std::string as_text(std::string pattern)
{
    for (char& c : pattern)
        c = c == '*' ? policy::wildcard : c;
    return pattern;
}

// Appends each way to read a segment as the pattern; parameters may be empty.
void read_all(std::string_view pattern, std::string_view segment, std::vector<std::string>& so_far,
              std::set<std::vector<std::string>>& out)
{
    if (pattern.empty()) {
        if (segment.empty())
            out.insert(so_far);
        return;
    }
    if (pattern.front() != policy::wildcard) {
        if (!segment.empty() && segment.front() == pattern.front())
            read_all(pattern.substr(1), segment.substr(1), so_far, out);
        return;
    }
    for (std::size_t size = 0; size <= segment.size(); ++size) {
        so_far.emplace_back(segment.substr(0, size));
        read_all(pattern.substr(1), segment.substr(size), so_far, out);
        so_far.pop_back();
    }
}

struct reading {
    bool matches = false;
    bool uncertain = false;
    std::vector<std::string> values;
};

reading read(std::string_view pattern, std::string_view segment)
{
    std::vector<std::string> so_far;
    std::set<std::vector<std::string>> all;
    read_all(pattern, segment, so_far, all);
    const auto has_no_empty = [](const std::vector<std::string>& values) {
        return std::find(values.begin(), values.end(), std::string()) == values.end();
    };
    if (std::none_of(all.begin(), all.end(), has_no_empty))
        return {};
    bool uncertain = all.size() > 1;
    for (std::size_t size = 0; size < segment.size() && pattern.back() != policy::wildcard; ++size) {
        std::set<std::vector<std::string>> shorter;
        read_all(pattern, segment.substr(0, size), so_far, shorter);
        uncertain = uncertain || !shorter.empty(); // the text behind the last parameter comes earlier, too
    }
    return {true, uncertain, *all.begin()};
}

std::vector<std::string> all_segments(std::size_t longest)
{
    std::vector<std::string> out{""};
    for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i].size() < longest)
            for (const char c : {'a', 'b', 'c'})
                out.push_back(out[i] + c);
    out.erase(out.begin());
    return out;
}

// `most` is the size of each text beside the parameters.
std::string some_pattern(std::mt19937& random, unsigned most)
{
    const auto below = [&](unsigned n) { return random() % n; };
    const auto text = [&](unsigned least, unsigned longest) {
        std::string out;
        for (auto n = least + below(longest - least + 1); n > 0; --n)
            out += "ab"[below(2)];
        return out;
    };
    auto out = text(0, most) + "*";
    for (auto n = below(3); n > 0; --n)
        out += text(1, most) + "*";
    out += text(0, most);
    return as_text(out == "*" ? "a*" : out);
}

template_segment segment_of(const std::string& text)
{
    template_segment out{template_segment::kind::pattern, text};
    for (const char c : text)
        if (c == policy::wildcard)
            out.names.push_back("p" + std::to_string(out.names.size()));
    return out;
}

// Two patterns conflict if a segment fits both, and each has one that fits it alone. The segments here are as
// long as the texts of two patterns need.
TEST(pattern_conflicts, are_those_of_a_plain_reading)
{
    const auto segments = all_segments(8);
    std::mt19937 random(7);
    int conflicts = 0;
    for (int n = 0; n < 80; ++n) {
        const auto a = some_pattern(random, 1), b = some_pattern(random, 1);
        bool both = false, only_a = false, only_b = false;
        for (const auto& s : segments) {
            if (both && only_a && only_b)
                break;
            const bool fits_a = read(a, s).matches, fits_b = read(b, s).matches;
            both = both || (fits_a && fits_b);
            only_a = only_a || (fits_a && !fits_b);
            only_b = only_b || (fits_b && !fits_a);
        }
        const std::vector<template_segment> one{segment_of(a)}, two{segment_of(b)};
        const policy::route first, second;
        pattern_conflicts found;
        EXPECT_FALSE(found.add(one, first));
        const bool conflict = found.add(two, second).has_value();
        EXPECT_EQ(conflict, both && only_a && only_b) << text_of(one[0]) << " and " << text_of(two[0]);
        conflicts += conflict;
    }
    EXPECT_GT(conflicts, 10);
    EXPECT_LT(conflicts, 70);
}

// Each pair of ten thousand would take fifty million comparisons.
TEST(pattern_conflicts, are_found_quickly_among_very_many_patterns)
{
    std::deque<std::vector<template_segment>> all;
    pattern_conflicts found;
    const policy::route any;
    for (int i = 0; i < 10'000; ++i) {
        all.push_back({segment_of(as_text("*:verb" + std::to_string(i)))});
        ASSERT_FALSE(found.add(all.back(), any));
    }
    all.push_back({segment_of(as_text("x*"))});
    EXPECT_TRUE(found.add(all.back(), any));
}

// Returns the template that a plain reading chooses: at the first segment that differs, a literal beats a
// pattern, a pattern that fits fewer segments beats one that fits more, and any pattern beats a parameter.
struct plain {
    const policy::route* best = nullptr;
    bool uncertain = false;
    std::vector<std::string> values;
};

bool beats(const policy::route& a, const policy::route& b)
{
    for (std::size_t i = 0; i < a.segments.size(); ++i) {
        const auto &x = a.segments[i], &y = b.segments[i];
        if (x.type != y.type)
            return x.type < y.type;
        if (x.type == template_segment::kind::pattern && x.text != y.text)
            return read(y.text, x.text).matches;
    }
    return false;
}

plain read_plainly(const std::deque<policy::route>& routes, const std::vector<std::string>& path)
{
    plain out;
    for (const auto& r : routes) {
        if (r.segments.size() != path.size())
            continue;
        plain one{&r, false, {}};
        for (std::size_t i = 0; i < path.size() && one.best != nullptr; ++i) {
            const auto& s = r.segments[i];
            const auto whole = s.type == template_segment::kind::parameter;
            const auto how = whole ? reading{true, false, {path[i]}} : read(s.text, path[i]);
            if (!how.matches)
                one.best = nullptr;
            one.uncertain = one.uncertain || how.uncertain;
            one.values.insert(one.values.end(), how.values.begin(), how.values.end());
        }
        if (one.best != nullptr && (out.best == nullptr || beats(r, *out.best)))
            out = one;
    }
    return out;
}

TEST(route_tree, agrees_with_a_plain_reading_of_generated_patterns)
{
    std::size_t matched = 0, uncertain = 0;
    for (unsigned seed = 0; seed < 1'500; ++seed) {
        std::mt19937 random(seed);
        const auto below = [&](unsigned n) { return random() % n; };
        const auto word = [&](unsigned most) {
            std::string out;
            for (auto n = 1 + below(most); n > 0; --n)
                out += "abc"[below(3)];
            return out;
        };
        std::deque<policy::route> routes;
        policy::route_tree tree;
        pattern_conflicts conflicts;
        for (auto n = 2 + below(12); n > 0; --n) {
            auto& r = routes.emplace_back();
            for (auto s = 1 + below(2); s > 0; --s) {
                const auto kind = below(5);
                if (kind == 0)
                    r.segments.push_back({template_segment::kind::literal, word(3)});
                else if (kind == 1)
                    r.segments.push_back({template_segment::kind::parameter, "p"});
                else
                    r.segments.push_back(segment_of(some_pattern(random, 2)));
            }
            const auto trial = conflicts; // a conflict leaves a part of the template behind
            if (conflicts.add(r.segments, r) || tree.add(r.segments, false, r) != nullptr) {
                conflicts = trial;
                routes.pop_back();
            }
        }
        for (int n = 0; n < 60; ++n) {
            std::vector<std::string> path;
            std::string text;
            for (auto s = 1 + below(2); s > 0; --s)
                text += "/" + path.emplace_back(word(6));
            const auto wanted = read_plainly(routes, path);
            policy::parameters values;
            const auto* found = tree.match(text, values);
            ASSERT_EQ(found, wanted.best) << text << ", seed " << seed;
            ASSERT_EQ(values.uncertain, wanted.uncertain) << text << ", seed " << seed;
            if (found == nullptr || wanted.uncertain) {
                uncertain += found != nullptr;
                continue;
            }
            ++matched;
            ASSERT_EQ(values.count, wanted.values.size()) << text;
            for (std::size_t i = 0; i < values.count; ++i)
                ASSERT_EQ(values.values[i], wanted.values[i]) << text << ", seed " << seed;
        }
    }
    EXPECT_GT(matched, 5'000U) << "the generator must produce matches";
    EXPECT_GT(uncertain, 500U);
}

} // namespace
} // namespace scopegate::config
