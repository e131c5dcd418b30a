// One line per request: who asked for which route, what came of it and how long it took. Never a token, a
// secret or a query, and a path (its segments hold ids) only where `log.paths` asks for it. `log.requests`
// alone says which are written; `log.level` is for events.
#pragma once

#include "base/cause.hpp"
#include "base/clock.hpp"
#include "policy/decide.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace scopegate::observe {

// What is known of a request at its end. Views and pointers: for the call only. What is empty or null is left
// out.
struct request_record {
    wall_time when; // its end
    std::string_view request_id;
    std::string_view client_request_id; // what the client calls it (is_request_id)
    std::string_view client;        // the address of the connection's peer, or whom its PROXY header names
    std::string_view forwarded_for; // the address that trusted proxies name
    std::string_view method;
    std::string_view path;                      // without the query; empty: not known
    const policy::route_match* match = nullptr; // the template, and the requirement
    unsigned status = 0;                        // as sent downstream; 0: nothing was sent
    failure why = reason::allowed;              // in observe mode: the refusal that was not enforced
    std::string_view unverified;                // what a refused token says: a JSON object of printable ASCII
    const policy::denial* refusal = nullptr;    // for the required and missing scopes
    const policy::scope_set* effective = nullptr; // the token's, where it is valid
    std::string_view subject, client_id, issuer;
    std::chrono::microseconds duration{0};
    std::optional<std::chrono::microseconds> upstream; // to the head of its answer
    bool observed = false; // forwarded although it would be refused (mode: observe)
};

// Whether such a request is written: all; of `denied` those that were refused, would have been, or failed;
// none.
[[nodiscard]] constexpr bool is_logged(policy::log_settings::requests which, reason why) noexcept
{
    using requests = policy::log_settings::requests;
    return which == requests::all || (which == requests::denied && why != reason::allowed);
}

// Writes the record, or counts it where it is a refusal beyond `log.burst`: requests that were allowed, and
// those that observe mode let through, always have a line. Any thread; allocates nothing once the thread's
// buffer is warm, and does no I/O.
void log_request(const policy::policy& p, const request_record& r);

// The line itself, appended to `out` without a newline.
void append_request_line(const policy::policy& p, const request_record& r, std::string& out);

} // namespace scopegate::observe
