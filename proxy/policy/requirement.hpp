// The compiled requirement of a route and method: public, any valid token, or scopes as a disjunction of
// conjunctions, with conditions.
#pragma once

#include "policy/conditions/condition.hpp"
#include "policy/scopes.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace scopegate::policy {

// A position in routes.yaml, counted from 1. Line 0 means that it is not from a file.
struct source_mark {
    int line = 0;
    int column = 0;
};

// Scopes that are all needed. A requirement is satisfied if one of its alternatives is.
struct alternative {
    scope_set scopes;
    std::vector<scope_id> in_order; // as written, for challenges
};

struct requirement {
    enum class kind : std::uint8_t { open, authenticated, scopes }; // open: `public`

    kind needs = kind::authenticated;
    std::vector<alternative> alternatives; // never empty for kind::scopes
    condition_list conditions;             // all of which must hold
    bool observe = false;       // `mode: observe` for this one: refusals are logged, but not enforced
    std::uint16_t resource = 0; // 0: the server's own; else of metadata.resources, counted from 1
    std::uint32_t index = 0;    // dense within a policy; responses/ stores its prepared challenges by it
    source_mark mark;

    // Returns whether requests need no token. `public` with a condition on the token needs one.
    [[nodiscard]] bool is_public() const noexcept;
    // Returns whether every request is permitted.
    [[nodiscard]] bool is_open_to_all() const noexcept { return needs == kind::open && conditions.empty(); }
};

// Returns whether two requirements are the same: alternatives as sets of sets, the same conditions, mode and
// resource.
// Ignores indexes and marks.
[[nodiscard]] bool same_needs(const requirement& a, const requirement& b);

// Describes the requirement with AND and OR: `read:a and write:a`, `read:a, or both read:b and read:c`,
// `public`, `any valid token`. Conditions follow: `; {user} equals claim sub; login at most 300 s ago`. For
// check, explain and /policy.
[[nodiscard]] std::string describe(const requirement& r, const scope_registry& scopes);

} // namespace scopegate::policy
