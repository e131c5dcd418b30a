// Shared by the parts of the HTTPS client: bounds, and how they report a step that failed. Only for sources
// in net/.
#pragma once

#include "net/http_client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>

#include <string>
#include <string_view>

namespace scopegate::net {

inline constexpr std::size_t max_http_head = 16 * 1024; // bytes of a response's head
inline constexpr int max_interim_heads = 8; // interim responses (1xx) before the final one (RFC 9110 15.2)
inline constexpr auto no_throw = boost::asio::as_tuple(boost::asio::use_awaitable);

template <class T>
using http_outcome = boost::system::result<T, http_failure>;

// `who` is the peer's host and port.
[[nodiscard]] inline http_failure http_step_failure(std::string_view who, std::string_view step,
                                                    const boost::system::error_code& error)
{
    const bool late = error == boost::beast::error::timeout || error == boost::asio::error::operation_aborted;
    return {std::string(who) + ": " + std::string(step) + ": " + (late ? "timed out" : error.message())};
}

} // namespace scopegate::net
