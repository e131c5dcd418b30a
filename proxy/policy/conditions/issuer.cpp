#include "policy/conditions/issuer.hpp"

#include "policy/conditions/text_list.hpp"
#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

template <class List, class Element>
bool contains(const List& list, const Element& element) noexcept
{
    return std::find(list.begin(), list.end(), element) != list.end();
}

} // namespace

bool issuer_condition::holds(const condition_context& at) const noexcept
{
    return contains(names, at.issuer) || contains(of_any_tenant, at.issuer_index);
}

std::string issuer_condition::tell(const condition_context& at, bool) const
{
    return "the token's issuer is " + std::string(at.issuer) + "; it must be " + enumerate(written, " or ");
}

std::string issuer_condition::describe() const
{
    return "issuer is " + enumerate(written, " or ");
}

bool issuer_condition::same_as(const issuer_condition& other) const
{
    return is_as_strict_as(other) && other.is_as_strict_as(*this);
}

bool issuer_condition::is_as_strict_as(const issuer_condition& other) const
{
    return is_subset(names, other.names) &&
           std::all_of(of_any_tenant.begin(), of_any_tenant.end(),
                       [&](std::size_t index) { return contains(other.of_any_tenant, index); });
}

// The issuer is known without its claim: an introspection result may lack `iss`.
void issuer_condition::add_claims(std::set<std::string, std::less<>>&) const {}

} // namespace scopegate::policy
