#include "tokens/claim_shapes.hpp"

#include <algorithm>

namespace scopegate::tokens {

namespace {

bool lists_no_known_role(const policy::scope_cap::roles& rules, const jose::listed_names& listed)
{
    return !listed.names.empty() && std::none_of(listed.names.begin(), listed.names.end(),
                                                 [&](auto role) { return rules.allow.contains(role); });
}

} // namespace

cause oddity_of(const policy::policy& p, const policy::issuer_settings& issuer, const json::value& claims)
{
    const auto is_odd = [&](const jose::names_claim& claim) { return jose::names_in(claims, claim).odd; };
    if (std::any_of(issuer.scope_claims.begin(), issuer.scope_claims.end(), is_odd))
        return cause::scope_claim_shape;
    if (p.scope_cap.permissions && is_odd(*p.scope_cap.permissions))
        return cause::permissions_claim_shape;
    if (!p.scope_cap.by_role)
        return cause::none;
    const auto listed = jose::names_in(claims, p.scope_cap.by_role->claim);
    if (listed.odd)
        return cause::roles_claim_shape;
    return lists_no_known_role(*p.scope_cap.by_role, listed) ? cause::no_listed_role : cause::none;
}

} // namespace scopegate::tokens
