// URLs and addresses as written in the file.
#pragma once

#include "base/url.hpp"
#include "config/schema.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace scopegate::config {

// Returns a URL as messages show it: without its query, which may contain an API key. Hides the whole URL if
// it may contain a password.
[[nodiscard]] std::string shown_url(const node& n);

// Checks that the value is a URL that may be fetched: https, or http on a loopback host, without user
// information and fragment. Reports an error and returns false otherwise. `plain_http` allows http on every
// host; `way_out` is added to the error that refuses it.
bool check_fetchable(compilation& c, const node& n, bool plain_http = false, std::string_view way_out = {});

// Reads `host:port` or `[v6]:port`, where the host is an address, or `unix:/path`.
[[nodiscard]] std::optional<policy::endpoint> read_endpoint(compilation& c, const node& n);
// Reads the absolute path after `unix:`. It must fit into the address of a socket.
[[nodiscard]] std::optional<policy::endpoint> unix_endpoint(compilation& c, const node& n);

// Reads an address or CIDR block; bits beyond the prefix must be 0.
[[nodiscard]] std::optional<policy::network> read_network(compilation& c, const node& n);

} // namespace scopegate::config
