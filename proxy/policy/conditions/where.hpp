// `where: {user: sub}`: a parameter of the path equals a claim. `where: {tenant: {in: tenants}}`: it is one
// of the values of a claim that lists several.
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"

#include <cstddef>
#include <set>
#include <string>

namespace scopegate::policy {

struct where_condition {
    static constexpr bool needs_token = true;
    static constexpr reason refusal = reason::condition_failed;

    std::size_t parameter = 0; // index into the route's parameters
    std::string parameter_name;
    json::path claim;
    // `in`: each text, number or boolean of a list is a value. One that is not in a list is one value, which
    // is never split.
    bool in_list = false;

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const where_condition& other) const;
    // Whether this condition holds wherever the other does not refuse, on the same template.
    [[nodiscard]] bool is_as_strict_as(const where_condition& other) const
    {
        return parameter == other.parameter && has_claim_as_strict_as(other);
    }
    // Does the same for one value, wherever the two templates have it. A claim that equals the value is not a
    // list, so `in` holds too.
    [[nodiscard]] bool has_claim_as_strict_as(const where_condition& other) const
    {
        return claim.name() == other.claim.name() && (other.in_list || !in_list);
    }
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
