#include "policy/conditions/acr.hpp"

#include "policy/wording.hpp"

#include <algorithm>

namespace scopegate::policy {

namespace {

bool contains(const std::vector<std::string>& list, const std::string& text) noexcept
{
    return std::find(list.begin(), list.end(), text) != list.end();
}

} // namespace

bool acr_condition::holds(const condition_context& at) const noexcept
{
    const json::value* claim = at.claims->find("acr");
    const std::string* text = claim != nullptr ? claim->if_string() : nullptr;
    return text != nullptr && contains(any_of, *text);
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
    return std::all_of(any_of.begin(), any_of.end(),
                       [&](const std::string& value) { return contains(other.any_of, value); });
}

void acr_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace("acr");
}

} // namespace scopegate::policy
