// The names of this server: `server.hosts`, and all other settings that contain an authority under which
// clients know it.
#pragma once

#include "config/schema.hpp"

#include <string>
#include <vector>

namespace scopegate::config {

// Reads a list of `host` or `host:port` and converts it to lower case.
void read_hosts(compilation& c, const node& value, std::vector<std::string>& into);

// Fills in server.authorities, with the hosts of metadata.resources. `resource_is_written` means that the
// file sets metadata.resource, so that it was not derived from an audience.
void collect_authorities(policy::policy& p, bool resource_is_written);

} // namespace scopegate::config
