// /livez and /readyz, for probes.
#pragma once

#include "admin/page.hpp"
#include "control/service.hpp"

namespace scopegate::admin {

// Returns 200, or 503 with what is missing:
// {"ready":false,"draining":false,"issuers_without_keys":["https://..."]}
[[nodiscard]] response readiness_page(const request& asked, control::service& shown);
[[nodiscard]] response liveness_page(const request& asked, control::service& shown);

} // namespace scopegate::admin
