#include "config/wide_routes.hpp"

#include "config/requirement_order.hpp"
#include "policy/wording.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::route;
using policy::route_match;

// A segment that no literal of any file matches, and no pattern.
constexpr std::string_view unrecognized(&policy::wildcard, 1);

// The result for one wide route, or for `unlisted`.
struct finding {
    std::set<const requirement*> weak; // the route's own requirements, by method
    std::size_t surrounded = 0;
    const route* last = nullptr; // the last surrounded route: each counts once
    std::vector<std::string> examples;
};

// Returns a path of the route as Scopegate sees it when it takes the segment `missed` for `seen`.
std::string path_with(const route& r, std::size_t missed, std::string_view seen)
{
    std::string path;
    for (std::size_t i = 0; i < r.segments.size(); ++i) {
        const bool own = policy::has_literal_text(r.segments[i]);
        (path += '/') += i == missed ? seen : own ? std::string_view(r.segments[i].text) : unrecognized;
    }
    return r.trailing_slash ? path + '/' : path;
}

class search final {
public:
    explicit search(compilation& c) : c_(c), by_route_(c.policy.routes.size()) {}

    void look_around(const route& strict)
    {
        for (std::size_t i = 0; i < strict.segments.size(); ++i) {
            if (!policy::has_literal_text(strict.segments[i]))
                continue;
            compare(strict, path_with(strict, i, unrecognized), i);
            c_.policy.exact.for_each_pattern_beside(strict.segments, i, [&](std::string_view pattern) {
                compare(strict, path_with(strict, i, pattern), i);
            });
        }
    }

    void report() const
    {
        for (const route& r : c_.policy.routes)
            if (const auto& found = by_route_[r.index]; !found.weak.empty())
                warn(found, in_quotes(r.text) + " (" + policy::enumerate(weak_methods(r, found), ", ") + ")");
        if (!unlisted_.weak.empty())
            warn(unlisted_, "\"unlisted: authenticated\"");
    }

private:
    void compare(const route& strict, const std::string& path, std::size_t missed)
    {
        for (const auto method : methods_to_compare(strict, path)) {
            const auto match = c_.policy.match(path, method);
            const auto* needs = strict.find(method);
            if (match.needs == nullptr || needs == nullptr)
                continue;
            const bool listed = match.found == route_match::outcome::route;
            const route_requirement wide{*match.needs, listed ? match.matched : nullptr};
            if (!is_pinned(wide, missed) && admits_more(wide, {*needs, &strict}, c_.policy.scopes))
                add(listed ? by_route_[match.matched->index] : unlisted_, *match.needs, strict);
        }
    }

    // ANY stands for every method that neither side names.
    [[nodiscard]] std::vector<std::string_view> methods_to_compare(const route& strict,
                                                                   const std::string& path) const
    {
        std::vector<std::string_view> out;
        for (const auto& m : strict.methods)
            out.push_back(m.first);
        policy::parameters values;
        const route* wide = c_.policy.exact.match(path, values);
        if (wide != nullptr)
            for (const auto& m : wide->methods)
                if (std::find(out.begin(), out.end(), m.first) == out.end())
                    out.push_back(m.first);
        if (strict.any)
            out.push_back("ANY");
        return out;
    }

    // A `where` on all parameters of the segment limits each token to one value, so the route is not wide
    // there.
    static bool is_pinned(const route_requirement& wide, std::size_t missed)
    {
        if (wide.by == nullptr)
            return false;
        std::set<std::size_t> pinned;
        policy::for_each<policy::where_condition>(
            wide.needs.conditions, [&](const policy::where_condition& w) {
                const auto place = policy::place_of(wide.by->segments, w.parameter);
                if (place.segment == missed)
                    pinned.insert(place.within);
            });
        return !pinned.empty() && pinned.size() == policy::count_parameters(wide.by->segments[missed]);
    }

    static void add(finding& to, const requirement& weak, const route& strict)
    {
        constexpr std::size_t max_examples = 3;
        to.weak.insert(&weak);
        if (std::exchange(to.last, &strict) == &strict)
            return;
        ++to.surrounded;
        if (to.examples.size() < max_examples)
            to.examples.push_back(in_quotes(strict.text));
    }

    static std::vector<std::string> weak_methods(const route& r, const finding& found)
    {
        std::vector<std::string> out;
        for (const auto& [method, needs] : r.methods)
            if (found.weak.contains(&needs))
                out.push_back(method);
        if (r.any && found.weak.contains(&*r.any))
            out.emplace_back("ANY");
        return out;
    }

    void warn(const finding& found, const std::string& subject) const
    {
        const auto first =
            *std::min_element(found.weak.begin(), found.weak.end(), [](const auto* a, const auto* b) {
                return std::pair(a->mark.line, a->mark.column) < std::pair(b->mark.line, b->mark.column);
            });
        const bool all = found.surrounded == found.examples.size();
        c_.out.warn(warning::wide_weak_route, first->mark,
                    subject + " surrounds " + std::to_string(found.surrounded) + " stricter route" +
                        (found.surrounded == 1 ? "" : "s") + (all ? ": " : ", such as ") +
                        policy::enumerate(found.examples, " and ") +
                        "; an upstream that reads a path more loosely than Scopegate could serve one of them "
                        "instead");
    }

    compilation& c_;
    std::vector<finding> by_route_;
    finding unlisted_;
};

} // namespace

void warn_about_wide_routes(compilation& c)
{
    search around(c);
    for (const route& r : c.policy.routes)
        around.look_around(r);
    around.report();
}

} // namespace scopegate::config
