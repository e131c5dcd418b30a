// URLs and addresses as the file writes them.
#pragma once

#include "config/schema.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::config {

// An absolute http or https URL, taken apart.
struct web_url {
    bool tls = false;
    std::string host; // without brackets
    std::uint16_t port = 0;
    bool loopback = false; // localhost, 127.0.0.0/8, ::1
    bool has_path = false; // more than `/`
    bool has_query = false;
    bool has_fragment = false;
    bool has_user = false;
};

// Nothing for what is no such URL.
[[nodiscard]] std::optional<web_url> parse_web_url(std::string_view text);

// A URL as messages show it: without its query, which may hold an API key, and not at all where it may hold a
// password.
[[nodiscard]] std::string shown_url(const node& n);

// The value as a URL that may be fetched, https, or http on a loopback host, without user information and
// fragment. False: it is none, and that is said.
bool check_fetchable(compilation& c, const node& n);

// `host:port`, `[v6]:port` with an address for a host, or `unix:/path`.
[[nodiscard]] std::optional<policy::endpoint> read_endpoint(compilation& c, const node& n);
// The absolute path behind `unix:`, no longer than a socket's address can be.
[[nodiscard]] std::optional<policy::endpoint> unix_endpoint(compilation& c, const node& n);

// An address or CIDR block; bits beyond the prefix must be 0.
[[nodiscard]] std::optional<policy::network> read_network(compilation& c, const node& n);

} // namespace scopegate::config
