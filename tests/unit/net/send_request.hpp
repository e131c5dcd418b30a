// Sends requests with the HTTPS client and waits for their end.
#pragma once

#include "net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <utility>

namespace scopegate::net::test {

using outcome = boost::system::result<http_response, http_failure>;

// Sends one GET and waits for its end, on an io_context of its own. `authorization` may be empty.
inline outcome send(http_client& client, const std::string& url, const std::string& authorization = {})
{
    boost::asio::io_context io;
    std::optional<outcome> got;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            http_request request(url);
            request.authorization = authorization;
            got = co_await client.send(std::move(request));
        },
        [](std::exception_ptr failure) {
            if (failure)
                std::rethrow_exception(failure);
        });
    io.run();
    return std::move(*got);
}

inline std::string why(const outcome& o)
{
    return o ? "it went well" : o.error().why;
}

} // namespace scopegate::net::test
