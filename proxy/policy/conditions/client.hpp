// `client: [app-a, app-b]`: the application that the token was issued to (`client_id`, else `azp`) is one of
// these. An issuer that serves a whole tenant gives every application of the tenant a token that is valid
// here.
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"

#include <set>
#include <string>
#include <vector>

namespace scopegate::policy {

struct client_condition {
    static constexpr bool needs_token = true;
    static constexpr reason refusal = reason::condition_failed;

    std::vector<std::string> any_of; // never empty

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const client_condition& other) const;
    [[nodiscard]] bool is_as_strict_as(const client_condition& other) const;
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
