// Compares the requirements of two routes: whether one admits a client that the other refuses. Only for
// warnings; no decision depends on it.
#pragma once

#include "policy/policy.hpp"

namespace scopegate::config {

// A requirement and the route that it belongs to. A null route means paths that no route lists (`unlisted:
// authenticated`).
struct route_requirement {
    const policy::requirement& needs;
    const policy::route* by = nullptr;
};

// Returns whether some client, with a token or without one, satisfies `wide` but not `strict`. Two `where`
// conditions are comparable only if they compare the same claim with the same part of the path.
[[nodiscard]] bool admits_more(const route_requirement& wide, const route_requirement& strict,
                               const policy::scope_registry& scopes);

} // namespace scopegate::config
