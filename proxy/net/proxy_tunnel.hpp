// A connection through an HTTP forward proxy (RFC 9110 section 9.3.6). The proxy is not trusted: whatever
// passes through it is TLS that ends at the server, or plain http that anybody may read.
#pragma once

#include "net/http_steps.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <chrono>
#include <string>

namespace scopegate::net {

// Returns the value of Proxy-Authorization for the proxy's credentials, which must not be empty. A secret.
[[nodiscard]] std::string basic_authorization(const forward_proxy& proxy);

// Connects to the proxy. Fails with the cause proxy_unreachable. `proxy` must outlive the coroutine.
[[nodiscard]] boost::asio::awaitable<http_outcome<void>>
connect_to_proxy(boost::beast::tcp_stream& stream, const forward_proxy& proxy,
                 std::chrono::steady_clock::time_point until);

// Asks the proxy, to which `stream` is connected, for a tunnel to the URL's host. Fails with proxy_refused if
// its response is not 2xx, and with proxy_unreachable if it sends anything but one response. The stream's
// deadline bounds the wait.
[[nodiscard]] boost::asio::awaitable<http_outcome<void>>
open_tunnel(boost::beast::tcp_stream& stream, const forward_proxy& proxy, const web_url& to);

} // namespace scopegate::net
