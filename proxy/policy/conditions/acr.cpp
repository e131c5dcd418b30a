#include "policy/conditions/acr.hpp"

#include "policy/conditions/text_list.hpp"
#include "policy/wording.hpp"

namespace scopegate::policy {

bool acr_condition::holds(const condition_context& at) const noexcept
{
    return is_one_of(at.claims->find("acr"), any_of);
}

std::string acr_condition::tell(const condition_context& at, bool) const
{
    return "claim acr is " + spoken(at.claims->find("acr")) + "; it must be " + enumerate(any_of, " or ");
}

std::string acr_condition::describe() const
{
    return "claim acr is " + enumerate(any_of, " or ");
}

bool acr_condition::same_as(const acr_condition& other) const
{
    return is_as_strict_as(other) && other.is_as_strict_as(*this);
}

bool acr_condition::is_as_strict_as(const acr_condition& other) const
{
    return is_subset(any_of, other.any_of);
}

void acr_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace("acr");
}

} // namespace scopegate::policy
