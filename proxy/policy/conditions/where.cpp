#include "policy/conditions/where.hpp"

#include "base/percent.hpp"
#include "policy/parameters.hpp"

namespace scopegate::policy {

namespace {

std::string_view value_of(const where_condition& w, const parameters& values) noexcept
{
    return w.parameter < values.count ? values.values[w.parameter] : std::string_view{};
}

} // namespace

bool where_condition::holds(const condition_context& at) const noexcept
{
    const json::value* found = claim.find(*at.claims);
    const auto text = found != nullptr ? found->scalar_text() : std::nullopt;
    return parameter < at.values.count && text && decodes_to(value_of(*this, at.values), *text);
}

std::string where_condition::tell(const condition_context& at, bool held) const
{
    return "{" + parameter_name + "} = " + quoted(percent_decode(value_of(*this, at.values))) +
           (held ? " equals" : " does not equal") + " claim " + claim.name() + " = " +
           spoken(claim.find(*at.claims));
}

std::string where_condition::describe() const
{
    return "{" + parameter_name + "} equals claim " + claim.name();
}

bool where_condition::same_as(const where_condition& other) const
{
    return parameter == other.parameter && claim.name() == other.claim.name();
}

void where_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace(claim.first_step());
}

} // namespace scopegate::policy
