#include "policy/conditions/max_age.hpp"

#include <cmath>

namespace scopegate::policy {

namespace {

// In seconds. Nothing if the claim is absent or not a number.
std::optional<double> age_of_login(const condition_context& at) noexcept
{
    const json::value* claim = at.claims->find("auth_time");
    const auto auth_time = claim != nullptr ? claim->if_number() : std::nullopt;
    if (!auth_time)
        return std::nullopt;
    return static_cast<double>(at.now.time_since_epoch().count()) / 1000.0 - *auth_time;
}

} // namespace

bool max_age_condition::holds(const condition_context& at) const noexcept
{
    // A login in the future is invalid: some issuers write milliseconds.
    constexpr double clocks_differ = 60;
    const auto age = age_of_login(at);
    return age && *age >= -clocks_differ && *age <= static_cast<double>(most.count());
}

std::string max_age_condition::tell(const condition_context& at, bool) const
{
    const auto age = age_of_login(at);
    return (age ? "the login was " + std::to_string(std::llround(*age)) + " s ago"
                : std::string("claim auth_time is not a number")) +
           "; at most " + std::to_string(most.count()) + " s are allowed";
}

std::string max_age_condition::describe() const
{
    return "login at most " + std::to_string(most.count()) + " s ago";
}

void max_age_condition::add_claims(std::set<std::string, std::less<>>& names) const
{
    names.emplace("auth_time");
}

} // namespace scopegate::policy
