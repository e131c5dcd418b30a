// The addresses on which Scopegate listens, with the access to unix sockets.
#pragma once

#include "config/schema.hpp"

#include <optional>

namespace scopegate::config {

// Reads an address as read_endpoint() does, or a map of it: `{address: unix:/path, mode: 0660, group: NAME}`.
[[nodiscard]] std::optional<policy::endpoint> read_listener(compilation& c, const node& n);

// The keys of that map, for each place where it may be.
[[nodiscard]] std::vector<section> listener_sections();

} // namespace scopegate::config
