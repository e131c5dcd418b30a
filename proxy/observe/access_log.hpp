// Writes one line per request: the client, the route, the result and the duration. A line never contains a
// token, a secret or a query. It contains a path, whose segments may hold ids, only if `log.paths` asks for
// it. `log.requests` alone selects the lines; `log.level` applies to events.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "policy/decide.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace scopegate::observe {

// Describes a request at its end. The views and pointers need to live only during the call. Empty and null
// members are left out of the line.
struct request_record {
    wall_time when; // the time of its end
    std::string_view request_id;
    std::string_view client_request_id; // the client's own id for it (is_request_id)
    std::string_view client;        // the address of the connection's peer, or the one in its PROXY header
    std::string_view forwarded_for; // the address that trusted proxies report
    std::string_view method;
    std::string_view path;                      // without the query; empty: not known
    const policy::route_match* match = nullptr; // the template, and the requirement
    unsigned status = 0;                        // as sent to the client; 0: nothing was sent
    failure why = reason::allowed;              // in observe mode, the reason that would have refused it
    std::string_view unverified;             // a refused token's contents: a JSON object of printable ASCII
    const policy::denial* refusal = nullptr; // holds the required and missing scopes
    const policy::scope_set* effective = nullptr; // the token's, if it is valid
    std::string_view subject, client_id, issuer;
    std::chrono::microseconds duration{0};
    std::optional<std::chrono::microseconds> upstream; // time until the head of its response
    bool observed = false; // forwarded although it would be refused (mode: observe)
};

// Returns whether to log this request. `denied` covers refused, would-be-refused and failed requests.
[[nodiscard]] constexpr bool is_logged(policy::log_settings::requests which, reason why) noexcept
{
    using requests = policy::log_settings::requests;
    return which == requests::all || (which == requests::denied && why != reason::allowed);
}

// Writes the record, or only counts it if it is a refusal beyond `log.burst`. Permitted requests, and those
// that observe mode lets through, are always written. May be called on any thread. Does no I/O, and allocates
// nothing once the thread's buffer has grown.
void log_request(const policy::policy& p, const request_record& r);

// Appends the line to `out`, without a newline.
void append_request_line(const policy::policy& p, const request_record& r, std::string& out);

} // namespace scopegate::observe
