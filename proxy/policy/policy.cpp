#include "policy/policy.hpp"

#include "policy/methods.hpp"
#include "policy/percent.hpp"

#include <algorithm>
#include <set>

namespace scopegate::policy {

namespace {

// Whether two templates ask the same of one path. The same condition on another value is another condition:
// with `where` both must have read the same value out of their form of the path.
bool asks_the_same(const requirement& matched, const parameters& matched_values, const requirement* folded,
                   const parameters& folded_values)
{
    return folded != nullptr && same_needs(matched, *folded) &&
           std::all_of(matched.where.begin(), matched.where.end(), [&](const where_condition& w) {
               return w.parameter < matched_values.count && w.parameter < folded_values.count &&
                      decodes_to_ignoring_case(matched_values.values[w.parameter],
                                               folded_values.values[w.parameter]);
           });
}

} // namespace

route_match policy::match(std::string_view path, std::string_view method) const noexcept
{
    route_match out;
    out.matched = exact.match(path, out.values);
    if (out.matched != nullptr)
        out.needs = out.matched->find(method);
    if (out.needs != nullptr) {
        out.found = route_match::outcome::route;
    } else if (unlisted_authenticated && !is_never_forwarded(method) &&
               (out.matched == nullptr || !names_alike(*out.matched, method))) {
        out.found = route_match::outcome::unlisted;
        out.needs = &unlisted_needs;
    } else if (out.matched != nullptr) {
        out.found = route_match::outcome::wrong_method;
    }
    return out;
}

bool policy::is_lookalike(std::string_view folded_path, std::string_view method,
                          const route_match& match) const noexcept
{
    if (match.needs == nullptr) // refused anyway, and as what it is
        return false;
    parameters values;
    const route* reached = folded.match(folded_path, values);
    if (reached == nullptr || reached == match.matched)
        return false;
    const auto& alike = folded_alike[reached->index];
    if (std::find(alike.begin(), alike.end(), match.matched) != alike.end())
        return false;
    // An upstream may take the path for any of those that fold alike (`/admin` and `/admin/`), so all must
    // agree.
    return !std::all_of(alike.begin(), alike.end(), [&](const route* r) {
        return asks_the_same(*match.needs, match.values, r->find(method), values);
    });
}

std::vector<std::string> policy::claims_of_conditions() const
{
    std::set<std::string, std::less<>> names;
    const auto look = [&names](const requirement& needs) {
        for (const auto& condition : needs.where)
            names.emplace(condition.claim.first_step());
        if (!needs.acr.empty())
            names.emplace("acr");
        if (needs.max_age)
            names.emplace("auth_time");
    };
    look(unlisted_needs);
    for (const auto& route : routes) {
        for (const auto& [method, needs] : route.methods)
            look(needs);
        if (route.any)
            look(*route.any);
    }
    return {names.begin(), names.end()};
}

std::string_view policy::realm() const noexcept
{
    if (issuers.empty())
        return {};
    const issuer_settings& first = issuers.front();
    return first.audience.empty() ? first.issuer : first.audience.front();
}

} // namespace scopegate::policy
