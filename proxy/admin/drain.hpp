// POST /drain, for the preStop hook of a container: clients move to another instance while the upstream
// still runs.
#pragma once

#include "admin/page.hpp"
#include "control/service.hpp"

namespace scopegate::admin {

// Makes the service leave and returns 200. Returns 403 without the header `Scopegate-Command: drain`. Browser
// pages and upstreams that fetch URLs for their clients may reach loopback, but neither can send that header.
[[nodiscard]] response drain_page(const request& asked, control::service& shown);

} // namespace scopegate::admin
