#include "tokens/claim_shapes.hpp"

#include <algorithm>

namespace scopegate::tokens {

namespace {

// Returns whether a present claim can't be read as names: it is neither a string nor an array of strings.
bool has_odd_shape(const json::value* claim)
{
    if (claim == nullptr || claim->is_null() || claim->if_string() != nullptr)
        return false;
    const auto* items = claim->if_array();
    return items == nullptr || !std::all_of(items->begin(), items->end(), [](const json::value& item) {
               return item.if_string() != nullptr;
           });
}

bool lists_no_known_role(const policy::scope_cap::roles& rules, const json::value* claim)
{
    if (claim == nullptr || claim->is_null())
        return false;
    const auto is_known = [&](const json::value& role) {
        const auto* name = role.if_string();
        return name != nullptr && rules.allow.contains(*name);
    };
    const auto* items = claim->if_array();
    return items != nullptr ? !items->empty() && std::none_of(items->begin(), items->end(), is_known)
                            : !is_known(*claim);
}

} // namespace

cause oddity_of(const policy::policy& p, const policy::issuer_settings& issuer, const json::value& claims)
{
    const auto is_odd = [&](const json::path& claim) { return has_odd_shape(claim.find(claims)); };
    if (std::any_of(issuer.scope_claims.begin(), issuer.scope_claims.end(), is_odd))
        return cause::scope_claim_shape;
    if (p.scope_cap.permissions && is_odd(*p.scope_cap.permissions))
        return cause::permissions_claim_shape;
    if (!p.scope_cap.by_role)
        return cause::none;
    if (is_odd(p.scope_cap.by_role->claim))
        return cause::roles_claim_shape;
    return lists_no_known_role(*p.scope_cap.by_role, p.scope_cap.by_role->claim.find(claims))
               ? cause::no_listed_role
               : cause::none;
}

} // namespace scopegate::tokens
