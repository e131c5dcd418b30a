#include "policy/scope_cap.hpp"

#include <set>

namespace scopegate::policy {

namespace {

// Returns the scopes that one claim allows, or nothing if the claim sets no cap. Adds each name with `add`.
template <class Add>
std::optional<scope_set> allowed_by(const jose::names_claim& claim, const json::value& claims,
                                    bool absent_allows_all, Add add)
{
    const auto listed = jose::names_in(claims, claim);
    if (!listed.present && absent_allows_all)
        return std::nullopt;
    scope_set allowed;
    for (const auto name : listed.names)
        add(name, allowed);
    return allowed;
}

} // namespace

std::optional<scope_set> allowed_scopes(const scope_cap& cap, const scope_registry& scopes,
                                        const json::value& claims)
{
    std::optional<scope_set> by_permission;
    if (cap.permissions)
        by_permission = allowed_by(
            *cap.permissions, claims, cap.absent_allows_all,
            [&](std::string_view name, scope_set& allowed) { scopes.add_with_implied(name, allowed); });
    std::optional<scope_set> by_role;
    if (cap.by_role)
        by_role = allowed_by(cap.by_role->claim, claims, cap.absent_allows_all,
                             [&](std::string_view name, scope_set& allowed) {
                                 const auto role = cap.by_role->allow.find(name);
                                 if (role != cap.by_role->allow.end())
                                     allowed |= role->second;
                             });
    if (by_permission && by_role)
        *by_permission &= *by_role;
    return by_permission ? by_permission : by_role;
}

granted_scopes grant(const scope_cap& cap, const scope_registry& scopes, const json::value& claims,
                     std::span<const std::string_view> token_scopes, const scope_set* grants)
{
    granted_scopes out;
    for (const auto name : token_scopes)
        scopes.add_with_implied(name, out.token);
    out.effective = out.token;
    if (grants != nullptr)
        out.effective &= *grants;
    if (const auto allowed = allowed_scopes(cap, scopes, claims))
        out.effective &= *allowed;
    return out;
}

capped_scopes cap_scopes(const scope_cap& cap, const scope_registry& scopes, const json::value& claims,
                         const std::vector<std::string>& asked)
{
    const auto allowed = allowed_scopes(cap, scopes, claims);
    capped_scopes out;
    std::set<std::string, std::less<>> issued;
    const auto issue = [&](const std::string& name) {
        if (issued.insert(name).second)
            out.scopes.push_back(name);
    };
    std::set<std::string, std::less<>> removed;
    for (const std::string& name : asked) {
        const auto id = scopes.find(name);
        if (!id || !allowed || allowed->contains(*id)) {
            issue(name);
            continue;
        }
        if (!removed.insert(name).second)
            continue;
        out.removed.push_back(name);
        scope_set instead = scopes[*id].closure;
        instead &= *allowed;
        for (const std::string& implied : scopes.names(instead))
            issue(implied);
    }
    return out;
}

} // namespace scopegate::policy
