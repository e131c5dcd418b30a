// A small HTTPS client for the control plane: discovery documents, key sets, introspection. It makes one
// request per connection, follows no redirects, and bounds everything. It favors clarity over speed, as no
// proxied request uses it.
#pragma once

#include "base/cause.hpp"
#include "base/forward_proxy.hpp"
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
    std::string url;           // absolute; see http_access for plain http
    std::string authorization; // value of the Authorization header; empty: omitted
    std::string form;          // body of a POST, application/x-www-form-urlencoded; empty: a GET
    std::string accept = "application/json";

    explicit http_request(std::string absolute_url) : url(std::move(absolute_url)) {}
    http_request(http_request&&) noexcept = default;
    // Returns whether only its server may read it: it has credentials or a form.
    [[nodiscard]] bool has_secrets() const noexcept { return !authorization.empty() || !form.empty(); }
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
    cause detail = cause::none; // set if a forward proxy is the reason
};
[[noreturn]] void throw_exception_from_error(const http_failure& f, const boost::source_location& where);

struct http_limits {
    // For the whole exchange, from the name lookup to the last byte of the response.
    std::chrono::milliseconds time{5'000};
    std::size_t body = 1024 * 1024; // bytes
};

// How servers are reached. Files are in PEM; empty: not given.
struct http_access {
    std::string ca_file;                    // replaces the system's certificate authorities
    std::string certificate_file, key_file; // ours, for servers that ask for a certificate
    // Allows plain http beyond loopback hosts, for requests without secrets.
    bool plain_http = false;
    proxy_choice proxies;
};

class http_client final {
public:
    // The files of `access` are read at the first https request, unless another client has read them
    // (net/client_tls.hpp). If reading fails, that request fails and the next one tries again.
    explicit http_client(http_access access = {}, http_limits limits = {});
    ~http_client();
    http_client(http_client&&) noexcept;
    http_client& operator=(http_client&&) noexcept;

    // Sends one request on the executor of the awaiting coroutine. The executor and this client must outlive
    // it. Any status counts as a response; redirects are returned and not followed. The server's certificate
    // must be valid for the URL's host, also behind a forward proxy: TLS goes through its tunnel (CONNECT).
    // Cancelling the coroutine ends the request early with a failure.
    [[nodiscard]] boost::asio::awaitable<boost::system::result<http_response, http_failure>>
    send(http_request r);

private:
    http_access access_;
    std::shared_ptr<boost::asio::ssl::context> tls_; // null until the first https request
    http_limits limits_;
};

} // namespace scopegate::net
