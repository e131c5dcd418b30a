// Refused requests beyond `log.burst` a second, by route and reason: they are counted instead of written.
// Once a second a line has their number and the clients that sent most of them. Each thread counts for
// itself. Any thread.
#pragma once

#include "base/clock.hpp"
#include "base/reason.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::observe {

struct refused_request {
    std::string_view route; // its template, or `-`
    reason why = reason::internal_error;
    std::string_view client; // the address that counts: the forwarded one, or else the peer's
};

// Returns whether the request has a line of its own: it is among the first `burst` of its route and reason in
// this second of all threads, or `burst` is 0. Otherwise it is counted.
[[nodiscard]] bool admit_refusal(std::size_t burst, const refused_request& request, wall_time now);

// Returns a line of JSON for each route and reason that was counted since the last call, without newlines.
[[nodiscard]] std::vector<std::string> take_burst_lines(wall_time now);

} // namespace scopegate::observe
