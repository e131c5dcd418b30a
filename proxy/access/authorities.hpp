// Which host a request names, and whether that is this server: for `server.hosts`, for `htu` of DPoP proofs,
// and for the Origin of a page.
#pragma once

#include "access/question.hpp"
#include "policy/policy.hpp"

#include <cstdint>

namespace scopegate::access {

// Returns whether `server.hosts` is written and the request names another host. Host counts, and behind a
// trusted proxy X-Forwarded-Host as well. A request that names none is never misdirected: HTTP/1.0, as
// balancers' probes send it.
[[nodiscard]] bool is_misdirected(const policy::policy& p, const question& request) noexcept;

// Returns whether `uri` is how a client may know the request's target, whose normalized path is `path`: under
// any of server.authorities. Where the file names none, under the host that the request itself names.
// `scratch` is overwritten.
[[nodiscard]] bool names_request(std::string_view uri, const policy::policy& p, const question& request,
                                 std::string_view path, std::string& scratch);

// Whether an Origin is this server's own.
enum class origin_match : std::uint8_t {
    foreign,
    own_host, // host and port are the request's, but nobody tells the scheme that the client used
    own,
};

// Compares an Origin with server.external_url, and with scheme, host and port of the request as its client
// sees them. Letter case and a default port make no difference (RFC 6454 section 6.2). The connection itself
// tells the scheme only if it is TLS: in front of a plain connection another proxy may have ended TLS.
[[nodiscard]] origin_match match_origin(const policy::policy& p, const question& request,
                                        std::string_view origin) noexcept;

// Returns whether the peer is a trusted proxy, which speaks for its clients.
[[nodiscard]] bool speaks_for_clients(const policy::policy& p, const client_connection& client) noexcept;

} // namespace scopegate::access
