// Which host a request names, and whether that is this server: for `server.hosts` and for `htu` of DPoP
// proofs.
#pragma once

#include "access/question.hpp"
#include "policy/policy.hpp"

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

// Returns whether the peer is a trusted proxy, which speaks for its clients.
[[nodiscard]] bool speaks_for_clients(const policy::policy& p, const client_connection& client) noexcept;

} // namespace scopegate::access
