// `metadata.resource` and `metadata.resources`: what this server is, or the several resources behind it.
#pragma once

#include "config/schema.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::config {

// Returns whether the text is a resource identifier of RFC 9728 section 1.2: an https URL without fragment.
// Plain http on a loopback host is for development.
[[nodiscard]] bool is_resource(std::string_view text);
// Reads one.
[[nodiscard]] std::optional<std::string> read_resource(compilation& c, const node& value);

// Reads the map of `metadata.resources`.
void read_resources(compilation& c, const node& value, policy::metadata_settings& into);

// Returns whether a name is that of one of metadata.resources, or an audience of one.
[[nodiscard]] bool is_of_a_resource(const policy::policy& p, std::string_view name);

// Assigns each route to its resource, and the audiences of issuers to resources. Runs after routes, issuers
// and metadata have been compiled. Does nothing without metadata.resources.
void assign_resources(compilation& c);

[[nodiscard]] section resources_section();

} // namespace scopegate::config
