// `ip: [10.0.0.0/8]`: the client's address, as trusted proxies tell it, lies in one of these networks. Needs
// no token, so it can guard a public route, and a refused address costs no signature.
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"
#include "policy/network.hpp"

#include <set>
#include <string>
#include <vector>

namespace scopegate::policy {

struct ip_condition {
    static constexpr bool needs_token = false;
    static constexpr reason refusal = reason::address_not_allowed;

    struct block {
        network where;
        std::string text; // as written
    };
    std::vector<block> any_of; // never empty

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const ip_condition& other) const;
    [[nodiscard]] bool is_as_strict_as(const ip_condition& other) const;
    void add_claims(std::set<std::string, std::less<>>&) const {}
};

} // namespace scopegate::policy
