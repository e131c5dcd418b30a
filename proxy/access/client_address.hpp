// Where a request comes from: the connection's peer, or the address that trusted proxies name. Pure. For the
// log, and for whatever counts by client.
#pragma once

#include "http/head_parser.hpp"
#include "net/address.hpp"
#include "policy/policy.hpp"

#include <optional>

namespace scopegate::access {

// Returns whether `server.trusted_proxies` lists the peer. A peer without an address is never trusted.
[[nodiscard]] bool is_trusted_proxy(const policy::policy& p, const net::peer& who) noexcept;

// Returns the address that a trusted proxy names in `fields`; nothing if the peer is no trusted proxy or
// names no address.
//
// X-Forwarded-For counts, without it Forwarded (RFC 7239), without both X-Real-IP. A list is read from its
// end, because each proxy appends what it saw and clients choose the rest: the first address that is no
// trusted proxy's is the client's. If all are trusted, or the next entry is no address (`unknown`, `_hidden`,
// garbage), the last one read counts, as nginx's real_ip_recursive has it. Ports and brackets are passed
// over. At most 32 entries are read. Two X-Real-IP name no client. Allocates nothing.
[[nodiscard]] std::optional<net::address_bytes>
forwarded_address(const policy::policy& p, const net::peer& who, const http::field_list& fields) noexcept;

// Returns the client's address: forwarded_address, or else the peer's. Nothing for a peer without an address.
[[nodiscard]] std::optional<net::address_bytes> client_address(const policy::policy& p, const net::peer& who,
                                                               const http::field_list& fields) noexcept;

} // namespace scopegate::access
