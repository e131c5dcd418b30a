#include "policy/conditions/client.hpp"

#include "policy/conditions/text_list.hpp"
#include "policy/wording.hpp"

namespace scopegate::policy {

namespace {

// Another claim is not looked at if `client_id` is there, whatever its form.
const json::value* client_of(const json::value& claims) noexcept
{
    const auto* id = claims.find("client_id");
    return id != nullptr ? id : claims.find("azp");
}

} // namespace

bool client_condition::holds(const condition_context& at) const noexcept
{
    return is_one_of(client_of(*at.claims), any_of);
}

std::string client_condition::tell(const condition_context& at, bool) const
{
    return "the token's client is " + spoken(client_of(*at.claims)) + "; it must be " +
           enumerate(any_of, " or ");
}

std::string client_condition::describe() const
{
    return "client is " + enumerate(any_of, " or ");
}

bool client_condition::same_as(const client_condition& other) const
{
    return is_as_strict_as(other) && other.is_as_strict_as(*this);
}

bool client_condition::is_as_strict_as(const client_condition& other) const
{
    return is_subset(any_of, other.any_of);
}

void client_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace("client_id");
    names.emplace("azp");
}

} // namespace scopegate::policy
