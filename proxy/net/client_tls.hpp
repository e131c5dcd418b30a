// The TLS contexts of https clients. Each takes up to 1 MiB and 20 ms with the system's authorities, and
// there may be a client for each of a thousand tenants, so clients with the same files share one.
#pragma once

#include "net/http_client.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <memory>

namespace scopegate::net {

// Returns the context for these files, which requires TLS 1.2 and verifies the server. A context lives as
// long as the clients that have it. Files that changed since it was made give a new one. Fails if a file is
// not usable. May be called on any thread.
[[nodiscard]] boost::system::result<std::shared_ptr<boost::asio::ssl::context>, http_failure>
client_tls(const http_access& access);

// Returns the number of contexts in use. Serves tests.
[[nodiscard]] std::size_t client_tls_contexts();

} // namespace scopegate::net
