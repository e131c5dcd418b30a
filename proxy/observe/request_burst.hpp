// Counts refused requests beyond `log.burst` per second, by route and reason, instead of logging each. Once a
// second one line per pair reports their number and the clients that sent most of them. Each thread counts
// separately. May be called on any thread.
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
    std::string_view client; // the forwarded address, or else the peer's
};

// Returns whether to log the request: it is among the first `burst` of its route and reason on all threads in
// this second, or `burst` is 0. Otherwise counts it.
[[nodiscard]] bool admit_refusal(std::size_t burst, const refused_request& request, wall_time now);

// Returns a line of JSON for each route and reason counted since the last call, without newlines.
[[nodiscard]] std::vector<std::string> take_burst_lines(wall_time now);

} // namespace scopegate::observe
