// `limit:`, the scope cap by permissions and roles.
#include "config/compile.hpp"
#include "config/names_claims.hpp"
#include "config/scopes.hpp"
#include "config/values.hpp"

namespace scopegate::config {

namespace {

using roles = policy::scope_cap::roles;

void read_role(compilation& c, const node& entry, roles& into)
{
    if (entry.key.empty())
        c.out.error(entry.key_at, "the role has no name");
    auto& allowed = into.allow[entry.key];
    if (entry.is(node::kind::list) && entry.items.empty()) // a role may allow nothing
        return;
    for (const auto& scope : read_text_list(c, entry))
        if (find_scope(c, scope))
            c.policy.scopes.add_with_implied(scope.text, allowed);
}

template <void (*Read)(compilation&, const node&, jose::names_claim&)>
void of_names(compilation& c, const node& value, roles& into)
{
    Read(c, value, into.claim);
}

constexpr key<roles> role_keys[] = {
    {"claim", of_names<read_claim_of_names>, true},
    {"as", of_names<read_form_of_names>},
    {"each", of_names<read_member_of_names>},
    {"allow",
     [](compilation& c, const node& value, roles& into) {
         if (!expect(c, value, node::kind::map))
             return;
         if (value.items.empty())
             c.out.error(value.at, "the map is empty: no role would be allowed anything");
         for (const node& entry : value.items)
             read_role(c, entry, into);
     },
     true},
};

constexpr key<policy::scope_cap> scope_cap_keys[] = {
    {"permissions", [](compilation& c, const node& value,
                       policy::scope_cap& into) { into.permissions = read_names_claim(c, value); }},
    {"roles",
     [](compilation& c, const node& value, policy::scope_cap& into) {
         roles read;
         read_keys(c, value, role_keys, read);
         into.by_role = std::move(read);
     }},
    {"absent",
     [](compilation& c, const node& value, policy::scope_cap& into) {
         into.absent_allows_all = read_word(c, value, {"none", "all"}) == 1U;
     }},
};

} // namespace

void compile_scope_cap(compilation& c, const node& value)
{
    if (!read_keys(c, value, scope_cap_keys, c.policy.scope_cap))
        return;
    if (value.find("permissions") == nullptr && value.find("roles") == nullptr)
        c.out.error(value.at, "a limit needs \"permissions\" or \"roles\"");
}

std::vector<section> scope_cap_sections()
{
    return {make_section("limit", scope_cap_keys), make_section("limit.roles", role_keys),
            names_claim_section("limit.permissions")};
}

} // namespace scopegate::config
