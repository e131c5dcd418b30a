#include "config/timeouts.hpp"

#include "config/values.hpp"

#include <algorithm>

namespace scopegate::config {

namespace {

using policy::timeouts;
using std::chrono::milliseconds;

// A timeout of 0 would refuse every request, so it must be positive.
template <milliseconds timeouts::*Member>
void wait(compilation& c, const node& value, timeouts& into)
{
    if (const auto d = read_duration(c, value, milliseconds(1), longest_timeout))
        into.*Member = *d;
}

template <milliseconds timeouts::*Member>
void wait_or_none(compilation& c, const node& value, timeouts& into)
{
    if (const auto d = read_duration(c, value, milliseconds(0), longest_timeout))
        into.*Member = *d;
}

// A route that lets its upstream take longer to begin a response also lets it pause as long within it,
// whatever the server says about other routes.
void read_upstream_response_of_route(compilation& c, const node& value, timeouts& into)
{
    wait<&timeouts::upstream_response>(c, value, into);
    if (into.response_pause && *into.response_pause < into.upstream_response)
        into.response_pause.reset();
}

// Runs after upstream_response. If an upstream may take that long to begin its response, it may pause as long
// within it.
void read_response_pause(compilation& c, const node& value, timeouts& into)
{
    const auto pause = read_duration(c, value, milliseconds(1), longest_timeout);
    if (pause && *pause < into.upstream_response)
        c.out.error(value.at, as_written(value) +
                                  " is less than \"upstream_response\": a pause within a response must "
                                  "be allowed to last as long as the wait for its beginning");
    into.response_pause = pause;
}

void read_half_closed(compilation& c, const node& value, timeouts& into)
{
    into.half_closed = read_duration(c, value, milliseconds(1), longest_timeout);
}

constexpr key<timeouts> timeout_keys[] = {
    {"headers", wait<&timeouts::headers>},
    {"idle", wait<&timeouts::idle>},
    {"body", wait<&timeouts::body>},
    {"stream", wait<&timeouts::stream>},
    {"upstream_connect", wait<&timeouts::upstream_connect>},
    {"upstream_response", wait<&timeouts::upstream_response>},
    {"response_pause", read_response_pause},
    {"half_closed", read_half_closed},
    {"linger", wait<&timeouts::linger>},
    {"linger_read", wait<&timeouts::linger_read>},
    {"drain_delay", wait_or_none<&timeouts::drain_delay>},
    {"drain", wait_or_none<&timeouts::drain>},
};

// Those that begin after the route is known and end with the exchange. Connections to the upstream and from
// clients serve all routes.
constexpr key<timeouts> route_timeout_keys[] = {
    {"body", wait<&timeouts::body>},
    {"stream", wait<&timeouts::stream>},
    {"upstream_response", read_upstream_response_of_route},
    {"response_pause", read_response_pause},
    {"half_closed", read_half_closed},
};

bool is_key(const std::vector<key_info>& known, std::string_view name)
{
    return std::any_of(known.begin(), known.end(), [&](const key_info& k) { return k.name == name; });
}

} // namespace

void compile_timeouts(compilation& c, const node& value, timeouts& into)
{
    read_keys(c, value, timeout_keys, into);
}

void compile_route_timeouts(compilation& c, const node& value, timeouts& into)
{
    if (!expect(c, value, node::kind::map))
        return;
    const auto known = infos(route_timeout_keys);
    node own = value;
    std::erase_if(own.items, [&](const node& entry) {
        const bool of_server = !is_key(known, entry.key) && is_key(infos(timeout_keys), entry.key);
        if (of_server)
            c.out.error(entry.key_at, in_quotes(entry.key) + " is a timeout of the server, the same for all "
                                                             "routes: set it in \"server: {timeouts: ...}\"");
        return of_server;
    });
    read_keys(c, own, route_timeout_keys, into);
}

std::vector<section> timeout_sections()
{
    return {make_section("server.timeouts", timeout_keys),
            make_section("routes.*.timeouts", route_timeout_keys)};
}

} // namespace scopegate::config
