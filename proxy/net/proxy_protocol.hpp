// Parses the header of the PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt). A balancer sends
// it before the client's first byte to say who the client is. The parser is as strict as that for request
// heads: anything but an exact header is refused.
#pragma once

#include "base/errc.hpp"
#include "net/address.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace scopegate::net {

// Longer headers are refused. Version 1 has at most 107 bytes, and none of version 2's extensions is needed.
inline constexpr std::size_t max_proxy_header = 4096;

struct proxy_header {
    std::size_t size = 0;       // of the header; 0: incomplete, more bytes are needed
    std::optional<peer> source; // the client; nothing if the balancer knows no IP address of it
    bool local = false;         // whether the balancer opened the connection on its own behalf
};

// Parses the bytes received so far, from the connection's first byte. Fails with malformed_request if they do
// not begin with a PROXY header.
[[nodiscard]] result<proxy_header> parse_proxy_header(std::string_view bytes);

} // namespace scopegate::net
