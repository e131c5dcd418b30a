// Socket addresses as the data plane needs them: what a listener binds, what an upstream connects to, what a
// peer is.
#pragma once

#include "net/asio.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace scopegate::net {

using stream_endpoint = asio::generic::stream_protocol::endpoint;

// An IP literal with a port, or a unix path, as an endpoint; nothing for a name.
[[nodiscard]] std::optional<stream_endpoint> literal_endpoint(const std::string& host, std::uint16_t port);
[[nodiscard]] stream_endpoint unix_endpoint(const std::string& path);

// Who is at the other end.
struct peer {
    std::string text = "unix";              // the address without port; v4-mapped ones as v4
    std::array<std::uint8_t, 16> address{}; // v4 as v4-mapped v6
    bool is_ip = false;
};
[[nodiscard]] peer peer_of(const stream_endpoint& remote);

// `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/api.sock`.
[[nodiscard]] std::string to_text(const stream_endpoint& e);

} // namespace scopegate::net
