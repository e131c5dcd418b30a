// `where: {user: sub}`: a parameter of the path equals a claim.
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

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const where_condition& other) const;
    // Whether this condition holds wherever the other does not refuse, on the same template.
    [[nodiscard]] bool is_as_strict_as(const where_condition& other) const { return same_as(other); }
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
