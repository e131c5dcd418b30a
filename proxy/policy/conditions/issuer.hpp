// `issuer: [https://...]`: the token comes from one of these issuers. Another issuer of the file may be
// trusted with other routes only, such as a partner's.
#pragma once

#include "base/reason.hpp"
#include "policy/conditions/context.hpp"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

namespace scopegate::policy {

struct issuer_condition {
    static constexpr bool needs_token = true;
    static constexpr reason refusal = reason::condition_failed;

    std::vector<std::string> written;       // as in the file, for people; never empty
    std::vector<std::string> names;         // issuers by their exact names
    std::vector<std::size_t> of_any_tenant; // issuers with `tenants: any`, by index

    [[nodiscard]] bool holds(const condition_context& at) const noexcept;
    [[nodiscard]] std::string tell(const condition_context& at, bool held) const;
    [[nodiscard]] std::string describe() const;
    [[nodiscard]] bool same_as(const issuer_condition& other) const;
    [[nodiscard]] bool is_as_strict_as(const issuer_condition& other) const;
    void add_claims(std::set<std::string, std::less<>>& names) const;
};

} // namespace scopegate::policy
