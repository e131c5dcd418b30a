// The header of the PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt): what a balancer says
// before the caller's first byte about who the caller is. Read as strictly as a request's head: what is not
// exactly such a header is refused.
#pragma once

#include "base/errc.hpp"
#include "net/address.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace scopegate::net {

// A longer one is refused: version 1 takes 107 bytes at most, and of version 2's extensions none is needed.
inline constexpr std::size_t proxy_header_most = 4096;

struct proxy_header {
    std::size_t size = 0;       // its bytes; 0: all that came belongs to it, and more is needed
    std::optional<peer> source; // the caller; nothing where it has no IP address that the balancer knows
    bool local = false;         // the balancer speaks for itself
};

// `bytes` is what has come so far, from the connection's first byte. malformed_request: no such header.
[[nodiscard]] result<proxy_header> parse_proxy_header(std::string_view bytes);

} // namespace scopegate::net
