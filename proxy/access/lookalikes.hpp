// Paths that another program may read as another route than we do. Such a reading can refuse a request; it
// never makes a route match.
#pragma once

#include "base/errc.hpp"
#include "http/target.hpp"
#include "policy/policy.hpp"

#include <string>
#include <string_view>

namespace scopegate::access {

// Fails if a path that matched a route may be read as another: a framework that ignores letter case, drops a
// format, decodes twice and the like would serve a route with other requirements, or none at all. Succeeds if
// no reading differs, or no route matched. `scratch` is overwritten.
[[nodiscard]] result<void> check_lookalikes(const policy::policy& p, std::string_view method,
                                            const http::request_target& target,
                                            const policy::route_match& match, std::string& scratch);

} // namespace scopegate::access
