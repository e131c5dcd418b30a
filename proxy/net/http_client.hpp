// A small HTTPS client for the control plane: discovery documents, key sets, introspection. One request per
// connection, no redirects, everything bounded. Clarity over speed: never on the way of a proxied request.
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
    std::string url;           // absolute, https, or http on a loopback host
    std::string authorization; // the Authorization field's value; empty: none
    std::string form;          // application/x-www-form-urlencoded body: then it is a POST; empty: a GET

    explicit http_request(std::string absolute_url) : url(std::move(absolute_url)) {}
    http_request(http_request&&) noexcept = default;
    ~http_request() // both may hold tokens and client secrets
    {
        wipe(authorization);
        wipe(form);
    }
};

struct http_answer {
    unsigned status = 0;
    std::string body;
    std::string cache_control; // empty: none
};

// Why there is no answer, in words for the log. Names the host, never what was sent.
struct http_failure {
    std::string why;
};
[[noreturn]] void throw_exception_from_error(const http_failure& f, const boost::source_location& where);

struct http_limits {
    // For the whole of it: name look-up, connecting, TLS, the answer's last byte.
    std::chrono::milliseconds time{5'000};
    std::size_t body = 1024 * 1024; // bytes
};

class http_client final {
public:
    // `ca_file` (PEM) replaces the system's certificate authorities; empty: the system's. They are read at
    // the first https request (the system's take some 30 ms); where they can't be, that request fails and the
    // next one tries again.
    explicit http_client(std::string ca_file = {}, http_limits limits = {});
    ~http_client();
    http_client(http_client&&) noexcept;
    http_client& operator=(http_client&&) noexcept;

    // Sends one request from the executor of the awaiting coroutine, which must outlive it, as this client
    // must. Any status is an answer; a redirect is one too and is not followed. The server's certificate must
    // be valid for the URL's host. Cancelling the coroutine ends it early, with a failure.
    [[nodiscard]] boost::asio::awaitable<boost::system::result<http_answer, http_failure>>
    send(http_request r);

private:
    [[nodiscard]] boost::system::result<boost::asio::ssl::context*, http_failure> tls();

    std::string ca_file_;
    std::unique_ptr<boost::asio::ssl::context> tls_; // null: not needed so far
    http_limits limits_;
};

} // namespace scopegate::net
