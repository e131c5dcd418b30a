#include "policy/requirement.hpp"

#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

// Compares two lists as sets, without sorting copies of them: each element of `a` has an equal in `b`, and
// the reverse.
template <class T, class Same>
bool same_as_sets(const std::vector<T>& a, const std::vector<T>& b, Same same)
{
    const auto within = [&](const std::vector<T>& some, const std::vector<T>& others) {
        return std::all_of(some.begin(), some.end(), [&](const T& x) {
            return std::any_of(others.begin(), others.end(), [&](const T& y) { return same(x, y); });
        });
    };
    return within(a, b) && within(b, a);
}

std::vector<std::string> names_in_order(const alternative& a, const scope_registry& scopes)
{
    std::vector<std::string> out;
    for (const scope_id id : a.in_order)
        out.push_back(scopes[id].name);
    return out;
}

// Describes one alternative among several: `a`, `both a and b`, `all of a, b and c`.
std::string among_others(const alternative& a, const scope_registry& scopes)
{
    const auto names = names_in_order(a, scopes);
    const std::string_view lead = names.size() < 2 ? "" : names.size() == 2 ? "both " : "all of ";
    return std::string(lead) + enumerate(names, " and ");
}

std::string describe_scopes(const requirement& r, const scope_registry& scopes)
{
    if (r.alternatives.size() == 1)
        return enumerate(names_in_order(r.alternatives.front(), scopes), " and ");
    std::vector<std::string> phrases;
    for (const alternative& a : r.alternatives)
        phrases.push_back(among_others(a, scopes));
    // `a or b`, but `a, or both b and c`: the comma shows where an AND ends.
    const bool nested = std::any_of(r.alternatives.begin(), r.alternatives.end(),
                                    [](const alternative& a) { return a.in_order.size() > 1; });
    return enumerate(phrases, nested ? ", or " : " or ");
}

} // namespace

bool requirement::is_public() const noexcept
{
    return needs == kind::open && std::none_of(conditions.begin(), conditions.end(),
                                               [](const condition& c) { return needs_token(c); });
}

bool same_needs(const requirement& a, const requirement& b)
{
    return a.needs == b.needs && a.observe == b.observe && a.resource == b.resource &&
           same_conditions(a.conditions, b.conditions) &&
           same_as_sets(a.alternatives, b.alternatives,
                        [](const alternative& x, const alternative& y) { return x.scopes == y.scopes; });
}

std::string describe(const requirement& r, const scope_registry& scopes)
{
    std::string out;
    switch (r.needs) {
    case requirement::kind::open:
        out = "public";
        break;
    case requirement::kind::authenticated:
        out = "any valid token";
        break;
    case requirement::kind::scopes:
        out = describe_scopes(r, scopes);
        break;
    }
    for (const condition& c : r.conditions)
        out += "; " + describe(c);
    if (r.observe)
        out += "; observed only";
    return out;
}

} // namespace scopegate::policy
