#include "net/http_client.hpp"

#include "base/url.hpp"
#include "net/client_tls.hpp"
#include "net/http_steps.hpp"
#include "net/name_lookup.hpp"
#include "net/proxy_tunnel.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <openssl/crypto.h>

#include <algorithm>
#include <stdexcept>

namespace scopegate::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

using deadline = std::chrono::steady_clock::time_point;
using plain_stream = beast::tcp_stream;

beast::http::request<beast::http::string_body> make_message(const web_url& url, http_request& r,
                                                            const forward_proxy* via)
{
    namespace http = beast::http;
    http::request<http::string_body> message(r.form.empty() ? http::verb::get : http::verb::post,
                                             url.target(), 11);
    if (via != nullptr) { // RFC 9112 section 3.2.2
        message.target("http://" + url.authority + url.target());
        if (!via->credentials.empty())
            message.set(http::field::proxy_authorization, basic_authorization(*via));
    }
    message.set(http::field::host, url.authority);
    message.set(http::field::user_agent, "scopegate/" SCOPEGATE_VERSION);
    message.set(http::field::accept, r.accept);
    message.set(http::field::connection, "close");
    if (!r.authorization.empty())
        message.set(http::field::authorization, r.authorization);
    if (!r.form.empty()) {
        message.set(http::field::content_type, "application/x-www-form-urlencoded");
        message.body() = std::move(r.form);
        message.prepare_payload();
    }
    return message;
}

// Wipes a sent message's secrets at the end of a scope.
class sent_secrets final {
public:
    explicit sent_secrets(beast::http::request<beast::http::string_body>& message) noexcept
        : message_(message)
    {
    }
    sent_secrets(const sent_secrets&) = delete;
    sent_secrets& operator=(const sent_secrets&) = delete;
    ~sent_secrets()
    {
        using beast::http::field;
        wipe(message_.body());
        for (const auto name : {field::authorization, field::proxy_authorization})
            if (const auto found = message_.find(name); found != message_.end())
                // the message owns the characters but offers no write access
                OPENSSL_cleanse(const_cast<char*>(found->value().data()), found->value().size());
    }

private:
    beast::http::request<beast::http::string_body>& message_;
};

// `via` is the proxy that gets a request of plain http; null: the request goes to the server itself.
template <class Stream>
asio::awaitable<http_outcome<http_response>> exchange(Stream& stream, const web_url& url, http_request& r,
                                                      std::size_t limit, const forward_proxy* via)
{
    namespace http = beast::http;
    auto message = make_message(url, r, via);
    const sent_secrets wiped(message);
    const auto [write_error, written] = co_await http::async_write(stream, message, no_throw);
    if (write_error)
        co_return http_step_failure(url.authority, "sending", write_error);

    beast::flat_buffer buffer;
    for (int interim = 0; interim <= max_interim_heads; ++interim) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(max_http_head);
        parser.body_limit(limit);
        const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, no_throw);
        if (read_error)
            co_return http_step_failure(url.authority, "receiving", read_error);
        http_response answer;
        answer.status = parser.get().result_int();
        if (answer.status < 200)
            continue;
        answer.cache_control = std::string(parser.get()[http::field::cache_control]);
        answer.body = std::move(parser.get().body());
        co_return answer;
    }
    co_return http_failure{url.authority + ": too many interim responses"};
}

// Makes OpenSSL check the certificate's name: a chain that is valid for another host proves nothing.
bool expect_host(SSL* ssl, const web_url& url)
{
    error_code error;
    const auto address = asio::ip::make_address(url.host, error);
    if (!error)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address.to_string().c_str()) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return SSL_set1_host(ssl, url.host.c_str()) == 1 &&
           SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    const_cast<char*>(url.host.c_str())) == 1;
}

// Names the fault of the server's certificate, if it has one. OpenSSL's error only says that verification
// failed.
http_failure handshake_failure(const web_url& url, const SSL* ssl, const error_code& error)
{
    const auto verified = SSL_get_verify_result(ssl);
    if (verified == X509_V_OK)
        return http_step_failure(url.authority, "TLS", error);
    return {url.authority + ": TLS: certificate verify failed: " + X509_verify_cert_error_string(verified)};
}

asio::awaitable<http_outcome<void>> connect_to_server(plain_stream& stream, const web_url& url,
                                                      bool may_leave, deadline until)
{
    const auto found = co_await net::resolve(url.host, url.port, until);
    if (!found)
        co_return http_step_failure(url.authority, "name lookup", found.error());
    // `localhost` is an ordinary name to a resolver, and plain http must not leave this machine through it.
    const auto is_remote = [](const tcp::endpoint& e) { return !e.address().is_loopback(); };
    if (!may_leave && std::any_of(found->begin(), found->end(), is_remote))
        co_return http_failure{url.authority + ": plain http to an address that is not loopback"};
    const auto [error, peer] = co_await stream.async_connect(*found, no_throw);
    if (error)
        co_return http_step_failure(url.authority, "connecting", error);
    co_return http_outcome<void>();
}

} // namespace

void throw_exception_from_error(const http_failure& f, const boost::source_location&)
{
    throw std::runtime_error(f.why);
}

http_client::http_client(http_access access, http_limits limits) : access_(std::move(access)), limits_(limits)
{
}

http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

asio::awaitable<boost::system::result<http_response, http_failure>> http_client::send(http_request r)
{
    const auto url = parse_web_url(r.url);
    if (!url || !url->is_plain())
        co_return http_failure{"not an absolute http(s) URL: " + r.url};
    // A loopback name is checked again once it has addresses.
    const bool may_leave = url->tls || (access_.plain_http && !r.has_secrets());
    if (!url->is_protected() && !may_leave)
        co_return http_failure{url->authority + ": plain http is for loopback hosts only"};
    const auto until = std::chrono::steady_clock::now() + limits_.time;

    // One deadline covers everything that follows: the stream keeps it across operations.
    plain_stream plain(co_await asio::this_coro::executor);
    plain.expires_at(until);
    const auto* const proxy = access_.proxies.of(*url);
    if (proxy != nullptr) {
        if (const auto connected = co_await connect_to_proxy(plain, *proxy, until); !connected)
            co_return connected.error();
        if (url->tls)
            if (const auto opened = co_await open_tunnel(plain, *proxy, *url); !opened)
                co_return opened.error();
    } else if (const auto connected = co_await connect_to_server(plain, *url, may_leave, until); !connected) {
        co_return connected.error();
    }
    if (!url->tls)
        co_return co_await exchange(plain, *url, r, limits_.body, proxy);

    if (!tls_) {
        auto context = client_tls(access_);
        if (!context)
            co_return context.error();
        tls_ = std::move(*context);
    }
    beast::ssl_stream<plain_stream> stream(std::move(plain), *tls_);
    if (!expect_host(stream.native_handle(), *url))
        co_return http_failure{url->authority + ": not a host name that a certificate can be checked for"};
    const auto [tls_error] = co_await stream.async_handshake(asio::ssl::stream_base::client, no_throw);
    if (tls_error)
        co_return handshake_failure(*url, stream.native_handle(), tls_error);
    co_return co_await exchange(stream, *url, r, limits_.body, nullptr);
}

} // namespace scopegate::net
