// Names a TLS failure: a fault of the peer's certificate, of ours, or of the protocol that the peer speaks.
#pragma once

#include "base/cause.hpp"

struct ssl_st;

namespace scopegate::net {

// Returns the cause of a failed handshake or read. `code` is its first OpenSSL error, or 0 for a closed
// connection.
[[nodiscard]] cause tls_fault(const ssl_st& connection, unsigned long code) noexcept;

} // namespace scopegate::net
