// The closed set of conditions. A member knows when it holds, how it is described and compared, and which
// claims it needs; config/conditions.cpp reads it from the file. The order is the order of the checks: the
// first that fails gives the reason.
#pragma once

#include "policy/conditions/acr.hpp"
#include "policy/conditions/client.hpp"
#include "policy/conditions/ip.hpp"
#include "policy/conditions/issuer.hpp"
#include "policy/conditions/max_age.hpp"
#include "policy/conditions/where.hpp"

#include <variant>
#include <vector>

namespace scopegate::policy {

using condition = std::variant<ip_condition, where_condition, client_condition, issuer_condition,
                               acr_condition, max_age_condition>;
// In the order of the variant.
using condition_list = std::vector<condition>;

[[nodiscard]] constexpr bool needs_token(const condition& c) noexcept
{
    return std::visit([](const auto& member) { return member.needs_token; }, c);
}
[[nodiscard]] constexpr reason refusal_of(const condition& c) noexcept
{
    return std::visit([](const auto& member) { return member.refusal; }, c);
}
// `at` has claims if the condition needs a token.
[[nodiscard]] inline bool holds(const condition& c, const condition_context& at) noexcept
{
    return std::visit([&](const auto& member) { return member.holds(at); }, c);
}
[[nodiscard]] std::string tell(const condition& c, const condition_context& at, bool held);
[[nodiscard]] std::string describe(const condition& c);
// Returns whether two lists require the same.
[[nodiscard]] bool same_conditions(const condition_list& a, const condition_list& b);

// Returns the first condition of a kind, or null.
template <class Kind>
[[nodiscard]] const Kind* find(const condition_list& list) noexcept
{
    for (const condition& c : list)
        if (const auto* found = std::get_if<Kind>(&c))
            return found;
    return nullptr;
}
// Calls `f` with each member of a kind.
template <class Kind, class F>
void for_each(const condition_list& list, F f)
{
    for (const condition& c : list)
        if (const auto* found = std::get_if<Kind>(&c))
            f(*found);
}

} // namespace scopegate::policy
