// `acr: [...]`: the login had one of these classes (RFC 9470).
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"

#include <set>
#include <string>
#include <vector>

namespace scopegate::policy {

struct acr_condition {
    static constexpr bool needs_token = true;
    static constexpr reason refusal = reason::login_too_weak;

    std::vector<std::string> any_of; // never empty

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const acr_condition& other) const;
    [[nodiscard]] bool is_as_strict_as(const acr_condition& other) const;
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
