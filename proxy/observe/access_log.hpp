// Reads the records of requests (record.hpp) and writes a line for each: the client, the route, the result
// and the duration. A line never contains a token, a secret or a query. It contains a path, whose segments
// may hold ids, only if `log.paths` asks for it. `log.requests` alone selects the lines; `log.level` applies
// to events.
#pragma once

#include "base/clock.hpp"
#include "observe/record.hpp"
#include "policy/settings.hpp"

#include <chrono>
#include <string>

namespace scopegate::observe {

// Returns whether to log this request. `denied` covers refused, would-be-refused and failed requests.
[[nodiscard]] constexpr bool is_logged(policy::log_settings::requests which, reason why) noexcept
{
    using requests = policy::log_settings::requests;
    return which == requests::all || (which == requests::denied && why != reason::allowed);
}

// Reads a record: writes its line if `log.requests` asks for it, or only counts it if it is a refusal or
// failure beyond `log.burst`. Permitted requests, and those that observe mode lets through, are always
// written. May be called on any thread. Does no I/O, and allocates nothing once the thread's buffer has
// grown.
void log_request(const policy::policy& p, const request_record& r);

// When a line is written, and how long its request has lasted until then.
struct line_times {
    wall_time when;
    std::chrono::microseconds duration{0};
};

// Appends the line to `out`, without a newline.
void append_request_line(const policy::policy& p, const request_record& r, const line_times& times,
                         std::string& out);

} // namespace scopegate::observe
