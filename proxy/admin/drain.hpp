// POST /drain, for the preStop hook of a container: clients move on while the API behind is still there.
#pragma once

#include "admin/page.hpp"
#include "control/service.hpp"

namespace scopegate::admin {

// 200, and the service is leaving. 403 without the field `Scopegate-Command: drain`: neither a page in a
// browser nor an API that fetches URLs for its clients can send it, and either may reach loopback.
[[nodiscard]] response drain_page(const request& asked, control::service& shown);

} // namespace scopegate::admin
