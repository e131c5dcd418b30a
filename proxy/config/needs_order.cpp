#include "config/needs_order.hpp"

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

bool login_suffices(const requirement& wide, const requirement& strict)
{
    const bool as_recent = !strict.max_age || (wide.max_age && *wide.max_age <= *strict.max_age);
    const bool as_strong =
        strict.acr.empty() ||
        (!wide.acr.empty() && std::all_of(wide.acr.begin(), wide.acr.end(), [&](const std::string& value) {
            return std::find(strict.acr.begin(), strict.acr.end(), value) != strict.acr.end();
        }));
    return as_recent && as_strong;
}

bool where_suffices(const asked_for& wide, const asked_for& strict)
{
    const auto is_asked_by_wide = [&](const policy::where_condition& wanted) {
        return std::any_of(
            wide.needs.where.begin(), wide.needs.where.end(), [&](const policy::where_condition& w) {
                return w.claim.name() == wanted.claim.name() &&
                       segment_of(*wide.by, w.parameter) == segment_of(*strict.by, wanted.parameter);
            });
    };
    return std::all_of(strict.needs.where.begin(), strict.needs.where.end(), is_asked_by_wide);
}

} // namespace

bool admits_more(const asked_for& wide, const asked_for& strict, const policy::scope_registry& scopes)
{
    if (strict.needs.is_public() || strict.needs.observe) // refuses no client
        return false;
    if (wide.needs.is_public() || wide.needs.observe)
        return true;
    return !scopes_suffice(wide.needs, strict.needs, scopes) || !login_suffices(wide.needs, strict.needs) ||
           !where_suffices(wide, strict);
}

std::size_t segment_of(const policy::route& r, std::size_t parameter)
{
    std::size_t at = 0;
    for (; at < r.segments.size(); ++at)
        if (r.segments[at].type != policy::template_segment::kind::literal && parameter-- == 0)
            break;
    return at;
}

} // namespace scopegate::config
