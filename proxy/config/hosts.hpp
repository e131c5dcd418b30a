// The names of this server: `server.hosts`, and what else says under which authority clients know it.
#pragma once

#include "config/schema.hpp"

#include <string>
#include <vector>

namespace scopegate::config {

// Reads a list of `host` or `host:port` into lower case.
void read_hosts(compilation& c, const node& value, std::vector<std::string>& into);

// Fills in server.authorities. `resource_is_written`: metadata.resource stands in the file, and is not an
// audience's.
void collect_authorities(policy::policy& p, bool resource_is_written);

} // namespace scopegate::config
