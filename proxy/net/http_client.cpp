#include "net/http_client.hpp"

#include "base/url.hpp"
#include "net/name_lookup.hpp"

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

constexpr std::size_t header_limit = 16 * 1024;
constexpr int max_interim = 8; // interim responses (1xx) before the final one (RFC 9110 section 15.2)
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

using endpoints = std::vector<tcp::endpoint>;
using deadline = std::chrono::steady_clock::time_point;
template <class T>
using outcome = boost::system::result<T, http_failure>;

http_failure failure(const web_url& url, std::string_view step, const error_code& error)
{
    const bool late = error == beast::error::timeout || error == asio::error::operation_aborted;
    return {url.authority + ": " + std::string(step) + ": " + (late ? "timed out" : error.message())};
}

asio::awaitable<outcome<endpoints>> resolve(const web_url& url, deadline until)
{
    auto found = co_await net::resolve(url.host, url.port, until);
    if (!found)
        co_return failure(url, "name lookup", found.error());
    // `localhost` is an ordinary name to a resolver, and plain http must not leave this machine through it.
    const auto is_remote = [](const tcp::endpoint& e) { return !e.address().is_loopback(); };
    if (!url.tls && std::any_of(found->begin(), found->end(), is_remote))
        co_return http_failure{url.authority + ": plain http to an address that is not loopback"};
    co_return std::move(*found);
}

beast::http::request<beast::http::string_body> make_message(const web_url& url, http_request& r)
{
    namespace http = beast::http;
    http::request<http::string_body> message(r.form.empty() ? http::verb::get : http::verb::post,
                                             url.target(), 11);
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
        wipe(message_.body());
        const auto field = message_.find(beast::http::field::authorization);
        if (field != message_.end()) // the message owns the characters but offers no write access
            OPENSSL_cleanse(const_cast<char*>(field->value().data()), field->value().size());
    }

private:
    beast::http::request<beast::http::string_body>& message_;
};

template <class Stream>
asio::awaitable<outcome<http_response>> exchange(Stream& stream, const web_url& url, http_request& r,
                                                 std::size_t limit)
{
    namespace http = beast::http;
    auto message = make_message(url, r);
    const sent_secrets wiped(message);
    const auto [write_error, written] = co_await http::async_write(stream, message, no_throw);
    if (write_error)
        co_return failure(url, "sending", write_error);

    beast::flat_buffer buffer;
    for (int interim = 0; interim <= max_interim; ++interim) {
        http::response_parser<http::string_body> parser;
        parser.header_limit(header_limit);
        parser.body_limit(limit);
        const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, no_throw);
        if (read_error)
            co_return failure(url, "receiving", read_error);
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
        return failure(url, "TLS", error);
    return {url.authority + ": TLS: certificate verify failed: " + X509_verify_cert_error_string(verified)};
}

} // namespace

void throw_exception_from_error(const http_failure& f, const boost::source_location&)
{
    throw std::runtime_error(f.why);
}

http_client::http_client(std::string ca_file, http_limits limits)
    : ca_file_(std::move(ca_file)), limits_(limits)
{
}

http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

boost::system::result<asio::ssl::context*, http_failure> http_client::tls()
{
    if (tls_)
        return tls_.get();
    auto context = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client);
    context->set_verify_mode(asio::ssl::verify_peer);
    if (SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION) != 1)
        return http_failure{"TLS 1.2 can't be required"};
    error_code error;
    if (ca_file_.empty())
        context->set_default_verify_paths(error);
    else
        context->load_verify_file(ca_file_, error);
    if (error)
        return http_failure{"can't read the certificate authorities" +
                            (ca_file_.empty() ? "" : " in " + ca_file_) + ": " + error.message()};
    tls_ = std::move(context);
    return tls_.get();
}

asio::awaitable<boost::system::result<http_response, http_failure>> http_client::send(http_request r)
{
    const auto url = parse_web_url(r.url);
    if (!url || !url->is_plain())
        co_return http_failure{"not an absolute http(s) URL: " + r.url};
    if (!url->is_protected())
        co_return http_failure{url->authority + ": plain http is for loopback hosts only"};
    const auto until = std::chrono::steady_clock::now() + limits_.time;

    const auto where = co_await resolve(*url, until);
    if (!where)
        co_return where.error();

    // One deadline covers everything that follows: the stream keeps it across operations.
    beast::tcp_stream plain(co_await asio::this_coro::executor);
    plain.expires_at(until);
    const auto [connect_error, peer] = co_await plain.async_connect(*where, no_throw);
    if (connect_error)
        co_return failure(*url, "connecting", connect_error);
    if (!url->tls)
        co_return co_await exchange(plain, *url, r, limits_.body);

    const auto context = tls();
    if (!context)
        co_return context.error();
    beast::ssl_stream<beast::tcp_stream> stream(std::move(plain), **context);
    if (!expect_host(stream.native_handle(), *url))
        co_return http_failure{url->authority + ": not a host name that a certificate can be checked for"};
    const auto [tls_error] = co_await stream.async_handshake(asio::ssl::stream_base::client, no_throw);
    if (tls_error)
        co_return handshake_failure(*url, stream.native_handle(), tls_error);
    co_return co_await exchange(stream, *url, r, limits_.body);
}

} // namespace scopegate::net
