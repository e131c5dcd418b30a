// Compares what two routes ask for: whether one lets somebody in whom the other refuses. For warnings only;
// no request is decided by it.
#pragma once

#include "policy/policy.hpp"

namespace scopegate::config {

// A requirement and the route that asks for it; null: what no route lists (`unlisted: authenticated`).
struct asked_for {
    const policy::requirement& needs;
    const policy::route* by = nullptr;
};

// Returns whether some client, with a token or without one, meets `wide` and not `strict`. A `where` counts
// as the same on both only if it compares the same claim with the same segment of the path.
[[nodiscard]] bool admits_more(const asked_for& wide, const asked_for& strict,
                               const policy::scope_registry& scopes);

// Returns the segment, counted from 0, that the route's parameter of that index stands for.
[[nodiscard]] std::size_t segment_of(const policy::route& r, std::size_t parameter);

} // namespace scopegate::config
