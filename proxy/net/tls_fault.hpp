// Names what went wrong in TLS: with the peer's certificate, with ours, or with what the peer speaks.
#pragma once

#include "base/cause.hpp"

struct ssl_st;

namespace scopegate::net {

// Returns the cause of a handshake or a read that failed. `code` is OpenSSL's first error of it; 0 stands for
// a connection that ended.
[[nodiscard]] cause tls_fault(const ssl_st& connection, unsigned long code) noexcept;

} // namespace scopegate::net
