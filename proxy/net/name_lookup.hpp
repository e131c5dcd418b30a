// Asks the system's resolver for the addresses of a host. getaddrinfo can't be interrupted and may exceed any
// timeout, so a lookup may outlive its caller, and later ones wait behind it. See net/resolved_name.hpp for
// names that many connections share.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/result.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace scopegate::net {

using found_addresses = boost::system::result<std::vector<asio::ip::tcp::endpoint>>;

// Starts a lookup. Calls `done` once, later, on the executor.
void look_up_name(const asio::any_io_executor& on, const std::string& host, std::uint16_t port,
                  std::function<void(found_addresses)> done);

// Looks up a name. Fails with asio::error::timed_out if the lookup does not end by `deadline`; a late result
// is discarded.
[[nodiscard]] asio::awaitable<found_addresses> resolve(std::string host, std::uint16_t port,
                                                       steady_time deadline);

} // namespace scopegate::net
