// What a route and method ask for, compiled (spec 2.1): public, any valid token, or scopes as a disjunction
// of conjunctions, with conditions.
#pragma once

#include "base/json.hpp"
#include "policy/scopes.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::policy {

// A place in routes.yaml, both from 1; line 0: not from a file.
struct source_mark {
    int line = 0;
    int column = 0;
};

// Scopes that are all needed; a requirement holds where one of its alternatives does.
struct alternative {
    scope_set scopes;
    std::vector<scope_id> in_order; // as written, for challenges
};

// `where: {user: sub}`: the route's parameter equals the claim.
struct where_condition {
    std::size_t parameter = 0; // index into the route's parameters
    std::string parameter_name;
    json::path claim;
};

struct requirement {
    enum class kind : std::uint8_t { open, authenticated, scopes }; // open: `public`

    kind needs = kind::authenticated;
    std::vector<alternative> alternatives; // of kind::scopes: never empty
    std::vector<where_condition> where;
    std::optional<std::chrono::seconds> max_age;
    std::vector<std::string> acr;
    bool observe = false;    // `mode: observe` for this one: refusals are logged, not made
    std::uint32_t index = 0; // dense over a policy: answers/ keeps its prepared challenges by it
    source_mark mark;

    [[nodiscard]] bool has_conditions() const noexcept { return !where.empty() || max_age || !acr.empty(); }
    // Whether no token is looked at. A condition can only be checked against a token: `public` with one needs
    // it.
    [[nodiscard]] bool is_public() const noexcept { return needs == kind::open && !has_conditions(); }
};

// Whether two requirements ask for the same: alternatives as sets of sets, the same conditions and mode.
// Indexes and marks do not count.
[[nodiscard]] bool same_needs(const requirement& a, const requirement& b);

// The requirement in words that say AND and OR: `read:a and write:a`, `read:a, or both read:b and read:c`,
// `public`, `any valid token`; conditions follow: `; {user} is claim sub; login at most 300 s ago`. For
// check, explain, /policy.
[[nodiscard]] std::string describe(const requirement& r, const scope_registry& scopes);

} // namespace scopegate::policy
