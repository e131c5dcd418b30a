// Socket addresses of the data plane: those that listeners bind, upstream connections use, and peers have.
#pragma once

#include "net/asio.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace scopegate::net {

using stream_endpoint = asio::generic::stream_protocol::endpoint;

// Convert an IP literal with a port, or a unix path, to an endpoint. A host name yields nothing.
[[nodiscard]] std::optional<stream_endpoint> literal_endpoint(const std::string& host, std::uint16_t port);
[[nodiscard]] stream_endpoint unix_endpoint(const std::string& path);

// An IP address; v4 as v4-mapped v6.
using address_bytes = std::array<std::uint8_t, 16>;

// Parses an IPv4 or IPv6 address strictly: no port, brackets, zone or leading zeros. Returns nothing for any
// other text.
[[nodiscard]] std::optional<address_bytes> parse_address(std::string_view text) noexcept;

// Writes an address as text to `out` and returns a view of it. A v4-mapped address is written as v4.
using address_text_buffer = std::array<char, 46>;
[[nodiscard]] std::string_view address_text(const address_bytes& address, address_text_buffer& out) noexcept;

// The remote end of a connection.
struct peer {
    std::string text = "unix"; // the address without port; v4-mapped ones as v4
    address_bytes address{};
    bool is_ip = false;
};
[[nodiscard]] peer peer_of(const stream_endpoint& remote);

// Formats an endpoint: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/api.sock`.
[[nodiscard]] std::string to_text(const stream_endpoint& e);

} // namespace scopegate::net
