#include "config/requirement_order.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::requirement;
using policy::scope_set;

// Returns whether a token with exactly these scopes satisfies one of the alternatives.
bool holds(const requirement& needs, const scope_set& effective)
{
    return std::any_of(needs.alternatives.begin(), needs.alternatives.end(),
                       [&](const policy::alternative& a) { return effective.contains_all(a.scopes); });
}

bool scopes_suffice(const requirement& wide, const requirement& strict, const policy::scope_registry& scopes)
{
    if (strict.needs != requirement::kind::scopes)
        return true;
    if (wide.needs != requirement::kind::scopes)
        return false;
    return std::all_of(wide.alternatives.begin(), wide.alternatives.end(), [&](const policy::alternative& a) {
        scope_set effective = a.scopes;
        for (const auto id : a.in_order)
            effective |= scopes[id].closure;
        return holds(strict, effective);
    });
}

// The parameters of two templates are compared by their places, and by the text beside them.
bool is_as_strict(const route_requirement& wide, const policy::where_condition& w,
                  const route_requirement& strict, const policy::where_condition& wanted)
{
    const auto a = policy::place_of(wide.by->segments, w.parameter);
    const auto b = policy::place_of(strict.by->segments, wanted.parameter);
    return w.has_claim_as_strict_as(wanted) && a.segment == b.segment && a.within == b.within &&
           policy::same_shape(wide.by->segments[a.segment], strict.by->segments[b.segment]);
}

template <class Kind>
bool is_as_strict(const route_requirement&, const Kind& w, const route_requirement&, const Kind& wanted)
{
    return w.is_as_strict_as(wanted);
}

// Whether each condition of `strict` follows from one of `wide`.
bool conditions_suffice(const route_requirement& wide, const route_requirement& strict)
{
    const auto follows = [&](const auto& wanted) {
        using kind = std::decay_t<decltype(wanted)>;
        bool found = false;
        policy::for_each<kind>(wide.needs.conditions, [&](const kind& w) {
            found = found || is_as_strict(wide, w, strict, wanted);
        });
        return found;
    };
    const auto& wanted = strict.needs.conditions;
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](const policy::condition& c) { return std::visit(follows, c); });
}

} // namespace

bool admits_more(const route_requirement& wide, const route_requirement& strict,
                 const policy::scope_registry& scopes)
{
    if (strict.needs.is_open_to_all() || strict.needs.observe)
        return false;
    if (wide.needs.is_open_to_all() || wide.needs.observe)
        return true;
    const bool token_suffices = strict.needs.is_public() || !wide.needs.is_public();
    return !token_suffices || !scopes_suffice(wide.needs, strict.needs, scopes) ||
           !conditions_suffice(wide, strict);
}

} // namespace scopegate::config
