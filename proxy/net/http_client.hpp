// A small HTTPS client for the control plane: discovery documents, key sets, introspection. It makes one
// request per connection, follows no redirects, and bounds everything. It favors clarity over speed, as no
// proxied request uses it.
#pragma once

#include "base/secret.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace scopegate::net {

struct http_request {
    std::string url;           // absolute; https, or http on a loopback host
    std::string authorization; // value of the Authorization header; empty: omitted
    std::string form;          // body of a POST, application/x-www-form-urlencoded; empty: a GET
    std::string accept = "application/json";

    explicit http_request(std::string absolute_url) : url(std::move(absolute_url)) {}
    http_request(http_request&&) noexcept = default;
    ~http_request() // both may hold tokens and client secrets
    {
        wipe(authorization);
        wipe(form);
    }
};

struct http_response {
    unsigned status = 0;
    std::string body;
    std::string cache_control; // empty: no such header
};

// Says, for the log, why no response arrived. Names the host, but never what was sent.
struct http_failure {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const http_failure& f, const boost::source_location& where);

struct http_limits {
    // For the whole exchange, from the name lookup to the last byte of the response.
    std::chrono::milliseconds time{5'000};
    std::size_t body = 1024 * 1024; // bytes
};

class http_client final {
public:
    // `ca_file` (PEM) replaces the system's certificate authorities; if empty, the system's are used. They
    // are read at the first https request (the system's take some 30 ms). If reading fails, that request
    // fails and the next one tries again.
    explicit http_client(std::string ca_file = {}, http_limits limits = {});
    ~http_client();
    http_client(http_client&&) noexcept;
    http_client& operator=(http_client&&) noexcept;

    // Sends one request on the executor of the awaiting coroutine. The executor and this client must outlive
    // it. Any status counts as a response; redirects are returned and not followed. The server's certificate
    // must be valid for the URL's host. Cancelling the coroutine ends the request early with a failure.
    [[nodiscard]] boost::asio::awaitable<boost::system::result<http_response, http_failure>>
    send(http_request r);

private:
    [[nodiscard]] boost::system::result<boost::asio::ssl::context*, http_failure> tls();

    std::string ca_file_;
    std::unique_ptr<boost::asio::ssl::context> tls_; // null until the first https request
    http_limits limits_;
};

} // namespace scopegate::net
