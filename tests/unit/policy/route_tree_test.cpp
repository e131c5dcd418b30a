#include "policy/route_tree.hpp"

#include "support/places.hpp"
#include "unit/policy/builder.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <fstream>
#include <random>
#include <sstream>

namespace scopegate::policy {

namespace {

using kind = template_segment::kind;

// Routes with stable addresses, and the tree over them.
struct routes {
    std::deque<route> all;
    route_tree tree;

    const route* add(const std::string& text)
    {
        route& r = all.emplace_back();
        r.text = text;
        r.segments = test::segments_of(text);
        r.trailing_slash = text.size() > 1 && text.back() == '/';
        return tree.add(r.segments, r.trailing_slash, r);
    }
};

std::vector<std::string> values_of(const parameters& p)
{
    std::vector<std::string> out;
    for (std::size_t i = 0; i < p.count; ++i)
        out.push_back(p.values[i].empty() ? "<empty>" : std::string(p.values[i]));
    return out;
}

TEST(route_tree, matches_like_the_table_of_cases)
{
    std::ifstream file(SCOPEGATE_TEST_CASES "/route_matches.tsv");
    ASSERT_TRUE(file);
    int rows = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#')
            continue;
        ++rows;
        std::vector<std::string> column(1);
        for (const char c : line)
            if (c == '\t')
                column.emplace_back();
            else
                column.back() += c;
        ASSERT_EQ(column.size(), 5U) << line;
        routes made;
        for (const std::string& text : test::split(column[0], ' '))
            ASSERT_EQ(made.add(text), nullptr) << line;
        parameters values;
        const route* found = made.tree.match(column[1], values);
        EXPECT_EQ((found ? found->text : "-") + (values.uncertain ? " ?" : ""), column[2]) << line;
        EXPECT_EQ(values_of(values), test::split(column[3], ' ')) << line;
    }
    EXPECT_GT(rows, 40);
}

TEST(route_tree, returns_the_template_of_the_same_shape)
{
    routes made;
    EXPECT_EQ(made.add("/a/{x}"), nullptr);
    EXPECT_EQ(made.add("/a/{y}"), &made.all[0]) << "names of parameters make no difference";
    EXPECT_EQ(made.add("/a/{x}/"), nullptr) << "a trailing slash makes a difference";
    EXPECT_EQ(made.add("/a/{x...}"), nullptr);
    EXPECT_EQ(made.add("/a/{y...}"), &made.all[3]);
    EXPECT_EQ(made.add("/"), nullptr);
    EXPECT_EQ(made.tree.add({}, true, made.all.back()), &made.all.back())
        << "the slash of / is not a trailing one";
    parameters values;
    EXPECT_EQ(made.tree.match("/a/1", values), &made.all[0]) << "the first template stays";
}

TEST(route_tree, refuses_malformed_templates)
{
    routes made;
    std::string deep;
    for (std::size_t i = 0; i < max_segments; ++i)
        deep += "/a";
    EXPECT_EQ(made.add(deep), nullptr);
    EXPECT_THROW(made.add(deep + "/a"), std::length_error);
    std::string many;
    for (std::size_t i = 0; i < max_parameters; ++i)
        many += "/{p" + std::to_string(i) + "}";
    EXPECT_EQ(made.add(many), nullptr);
    EXPECT_THROW(made.add(many + "/{rest...}"), std::length_error);
    EXPECT_THROW(made.add("/{rest...}/a"), std::invalid_argument);
}

// An upstream that reads a folded path may take an empty parameter, and a `%` that was decoded is no triplet.
TEST(route_tree, matches_loosely_for_folded_paths)
{
    struct row {
        const char* path;
        const char* wanted;
        const char* why;
    } const rows[] = {
        {"/7:suspend", "/{user}:suspend", "as the exact tree does"},
        {"/:suspend", "/{user}:suspend ?", "an empty parameter"},
        {"/%:suspend", "/{user}:suspend", "a percent sign that was encoded"},
        {"/v", "/v{x} ?", "nothing behind the text"},
        {"/a-b", "/{a}-{b}", "two parameters"},
        {"/-b", "/{a}-{b} ?", "one of them is empty"},
        {"/a-b-c", "/{a}-{b} ?", "the text twice"},
        {"/x", "-", "no text"},
    };
    for (const auto& r : rows) {
        routes made;
        made.tree = route_tree(route_tree::matching::loose);
        for (const auto* text : {"/{user}:suspend", "/v{x}", "/{a}-{b}"})
            made.add(text);
        parameters values;
        const route* found = made.tree.match(r.path, values);
        EXPECT_EQ((found ? found->text : "-") + (values.uncertain ? " ?" : ""), r.wanted)
            << r.path << ": " << r.why;
    }
}

TEST(route_tree, matches_nothing_when_empty)
{
    parameters values;
    values.count = 3;
    EXPECT_EQ(route_tree().match("/a", values), nullptr);
    EXPECT_EQ(values.count, 0U);
}

TEST(route_tree, finds_each_of_very_many_siblings)
{
    routes made;
    for (int i = 0; i < 20'000; ++i)
        made.add("/api/v1/thing" + std::to_string(i) + "/{id}");
    parameters values;
    for (int i = 0; i < 20'000; ++i) {
        const std::string path = "/api/v1/thing" + std::to_string(i) + "/7";
        ASSERT_EQ(made.tree.match(path, values), &made.all[static_cast<std::size_t>(i)]) << path;
    }
    EXPECT_EQ(made.tree.match("/api/v1/thing20000/7", values), nullptr);
}

TEST(route_tree, accepts_paths_of_any_length)
{
    routes made;
    made.add("/a/{x}/a");
    made.add("/{x}/{y}/{z}/b");
    std::string path;
    for (int i = 0; i < 16'384; ++i)
        path += "/a";
    parameters values;
    EXPECT_EQ(made.tree.match(path, values), nullptr);
    made.add("/{all...}");
    EXPECT_EQ(made.tree.match(path, values), &made.all[2]);
    EXPECT_EQ(values.values[0].size(), path.size() - 1);
}

// The model: a plain recursive matcher tries every template and takes the most specific one, as the
// definition states.
bool model_matches(const std::vector<template_segment>& segments, std::size_t at, bool trailing_slash,
                   std::string left, std::vector<std::string>& values)
{
    if (at == segments.size())
        return left == (trailing_slash ? "/" : "");
    if (segments[at].type == kind::rest) {
        values.push_back(left.size() < 2 ? "<empty>" : left.substr(1));
        return true;
    }
    if (left.size() < 2 || left[1] == '/')
        return false;
    const std::size_t end = std::min(left.find('/', 1), left.size());
    const std::string segment = left.substr(1, end - 1);
    if (segments[at].type == kind::literal && segments[at].text != segment)
        return false;
    if (segments[at].type == kind::parameter)
        values.push_back(segment);
    return model_matches(segments, at + 1, trailing_slash, left.substr(end), values);
}

// Returns whether `a` is more specific than `b`; both match one path. At the first segment that differs, a
// literal (or the end) beats a parameter, and a parameter beats a rest.
bool model_beats(const route& a, const route& b)
{
    const auto rank = [](const route& r, std::size_t at) {
        return at < r.segments.size() ? static_cast<int>(r.segments[at].type) : 0;
    };
    for (std::size_t i = 0; i <= std::max(a.segments.size(), b.segments.size()); ++i)
        if (rank(a, i) != rank(b, i))
            return rank(a, i) < rank(b, i);
    return false;
}

const route* model_match(const std::deque<route>& all, const std::string& path,
                         std::vector<std::string>& values)
{
    const route* best = nullptr;
    for (const route& r : all) {
        std::vector<std::string> found;
        if (!model_matches(r.segments, 0, r.trailing_slash, path == "/" ? "" : path, found))
            continue;
        if (best == nullptr || model_beats(r, *best)) {
            best = &r;
            values = found;
        }
    }
    return best;
}

class random_paths {
public:
    explicit random_paths(unsigned seed) : random_(seed) {}

    std::string path()
    {
        std::string out;
        for (int n = below(6); n > 0; --n)
            out += "/" + word();
        return out.empty() || below(5) == 0 ? out + "/" : out;
    }

    std::string path_template()
    {
        std::string out;
        for (int n = below(6); n > 0; --n)
            out += below(5) < 2 ? std::string("/{x}") : "/" + word();
        const int end = below(8);
        return end == 0 ? out + "/{rest...}" : out.empty() || end == 1 ? out + "/" : out;
    }

    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

private:
    std::string word() { return std::string(1, static_cast<char>('a' + below(3))); }

    std::mt19937 random_;
};

TEST(route_tree, agrees_with_the_definition_on_generated_policies)
{
    int matched = 0;
    for (unsigned seed = 0; seed < 3'000; ++seed) {
        random_paths random(seed);
        routes made;
        for (int n = 1 + random.below(30); n > 0; --n)
            if (made.add(random.path_template()) != nullptr)
                made.all.pop_back();
        for (int n = 0; n < 30; ++n) {
            const std::string path = random.path();
            std::vector<std::string> wanted_values;
            const route* wanted = model_match(made.all, path, wanted_values);
            parameters values;
            const route* found = made.tree.match(path, values);
            std::ostringstream listed;
            for (const route& r : made.all)
                listed << r.text << ' ';
            ASSERT_EQ(found ? found->text : "-", wanted ? wanted->text : "-")
                << path << " of " << listed.str() << "seed " << seed;
            ASSERT_EQ(values_of(values), wanted_values) << path << " by " << found->text;
            matched += found != nullptr;
        }
    }
    EXPECT_GT(matched, 10'000) << "the generator must produce matches";
}

TEST(route, finds_the_requirement_of_a_method)
{
    route with_get;
    with_get.methods.emplace_back("GET", requirement{});
    with_get.methods.emplace_back("POST", requirement{});
    route with_head = with_get;
    with_head.methods.emplace_back("HEAD", requirement{});
    route with_any = with_get;
    with_any.any.emplace();
    route only_any;
    only_any.any.emplace();
    route reckless;
    reckless.methods.emplace_back("TRACE", requirement{});
    reckless.methods.emplace_back("CONNECT", requirement{});
    reckless.any.emplace();

    struct {
        const char* shows;
        const route& asked;
        const char* method;
        const requirement* wanted;
    } const rows[] = {
        {"a named method", with_get, "POST", &with_get.methods[1].second},
        {"a method that is not named", with_get, "PUT", nullptr},
        {"letter case counts", with_get, "get", nullptr},
        {"HEAD follows GET", with_get, "HEAD", &with_get.methods[0].second},
        {"unless it is named", with_head, "HEAD", &with_head.methods[2].second},
        {"ANY is for those not named", with_any, "DELETE", &*with_any.any},
        {"not for those named", with_any, "GET", &with_any.methods[0].second},
        {"HEAD follows GET, not ANY", with_any, "HEAD", &with_any.methods[0].second},
        {"HEAD without GET is one of ANY", only_any, "HEAD", &*only_any.any},
        {"a word that means ANY in the file is a method like any", only_any, "ANY", &*only_any.any},
        {"TRACE never", reckless, "TRACE", nullptr},
        {"CONNECT never", reckless, "CONNECT", nullptr},
        {"nor by ANY", only_any, "TRACE", nullptr},
        {"nor in another letter case", only_any, "Trace", nullptr},
        {"a named method in another letter case is not one of ANY", with_any, "get", nullptr},
        {"nor is HEAD in one, which follows GET", with_any, "head", nullptr},
        {"nor is it where it is named", with_head, "Head", nullptr},
        {"one that is not named in any letter case is", with_any, "delete", &*with_any.any},
        {"no method", with_get, "", nullptr},
    };
    for (const auto& row : rows)
        EXPECT_EQ(row.asked.find(row.method), row.wanted) << row.shows;
}

} // namespace

} // namespace scopegate::policy
