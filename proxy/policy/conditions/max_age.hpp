// `max_age: 5m`: the login (`auth_time`) is at most so long ago (RFC 9470). The issuer's clock skew is not
// granted: it is about when a token ends, not about how old a login may be.
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"

#include <chrono>
#include <optional>
#include <set>
#include <string>

namespace scopegate::policy {

struct max_age_condition {
    static constexpr bool needs_token = true;
    static constexpr reason refusal = reason::login_too_old;

    std::chrono::seconds most{};

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const max_age_condition& other) const noexcept { return most == other.most; }
    [[nodiscard]] bool is_as_strict_as(const max_age_condition& other) const noexcept
    {
        return most <= other.most;
    }
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
