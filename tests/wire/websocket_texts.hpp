// The handshake of a WebSocket as a client and an API send it (RFC 6455 section 4).
#pragma once

#include <string_view>

namespace scopegate::test {

// Header lines of the request.
inline constexpr std::string_view websocket_request =
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
// The whole response.
inline constexpr std::string_view websocket_response =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    "Upgrade: websocket\r\n\r\n";

} // namespace scopegate::test
