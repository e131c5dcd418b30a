// Whether a page of another origin may be behind a request. A browser adds a cookie to the requests of every
// page, so a token in a cookie does not show that its owner wants the request (cross-site request forgery).
// SameSite cookies do not stop a page of another host of the same site, and never stop one at all if an
// application needs them to be `None`. A WebSocket has no preflight, and its answers can be read.
#pragma once

#include "access/question.hpp"
#include "base/errc.hpp"
#include "policy/policy.hpp"

namespace scopegate::access {

// Judges a request whose token came in a cookie. Fails with cross_origin if it opens a WebSocket, or has
// another method than GET, HEAD, OPTIONS and TRACE, and a page of a foreign origin may have made it.
//
// `Origin` decides: it must be this server's own, or be listed in cors.origins; `*` lists nobody. A foreign
// one passes beside `Sec-Fetch-Site: same-origin`, which no page can write: then the proxy in front has
// changed the Host. Sandboxed pages of every origin send `null`, so it never passes, and neither do several
// values. A request with neither field is no browser's.
[[nodiscard]] result<void> check_origin(const policy::policy& p, const question& request);

} // namespace scopegate::access
