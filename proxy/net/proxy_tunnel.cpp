#include "net/proxy_tunnel.hpp"

#include "net/name_lookup.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <openssl/evp.h>

namespace scopegate::net {

namespace asio = boost::asio;
namespace beast = boost::beast;

namespace {

http_failure unreachable(const forward_proxy& proxy, std::string_view step,
                         const boost::system::error_code& error)
{
    auto failed = http_step_failure("proxy " + proxy.authority, step, error);
    failed.detail = cause::proxy_unreachable;
    return failed;
}

http_failure broken(const forward_proxy& proxy, cause detail, const std::string& what)
{
    return {"proxy " + proxy.authority + ": " + what, detail};
}

// Returns the head of a CONNECT request. It holds the proxy's credentials.
std::string connect_request(const forward_proxy& proxy, const web_url& to)
{
    const bool v6 = to.host.find(':') != std::string::npos;
    const auto target = (v6 ? "[" + to.host + "]" : to.host) + ":" + std::to_string(to.port);
    auto credentials = proxy.credentials.empty() ? std::string() : basic_authorization(proxy);
    const wiped_at_end wiped(credentials);
    std::string head;
    head.reserve(2 * target.size() + credentials.size() + 128); // so that no copy of a part stays behind
    head.append("CONNECT ").append(target).append(" HTTP/1.1\r\nHost: ").append(target);
    head.append("\r\nUser-Agent: scopegate/" SCOPEGATE_VERSION);
    if (!credentials.empty())
        head.append("\r\nProxy-Authorization: ").append(credentials);
    return head.append("\r\n\r\n");
}

} // namespace

std::string basic_authorization(const forward_proxy& proxy)
{
    constexpr std::string_view scheme = "Basic ";
    const auto pair = proxy.credentials.reveal();
    std::string out(scheme.size() + (pair.size() + 2) / 3 * 4 + 1, '\0'); // OpenSSL adds a NUL
    out.replace(0, scheme.size(), scheme);
    const auto size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + scheme.size()),
                        reinterpret_cast<const unsigned char*>(pair.data()), static_cast<int>(pair.size()));
    out.resize(scheme.size() + static_cast<std::size_t>(size));
    return out;
}

asio::awaitable<http_outcome<void>> connect_to_proxy(beast::tcp_stream& stream, const forward_proxy& proxy,
                                                     std::chrono::steady_clock::time_point until)
{
    const auto found = co_await net::resolve(proxy.host, proxy.port, until);
    if (!found)
        co_return unreachable(proxy, "name lookup", found.error());
    const auto [error, peer] = co_await stream.async_connect(*found, no_throw);
    if (error)
        co_return unreachable(proxy, "connecting", error);
    co_return http_outcome<void>();
}

asio::awaitable<http_outcome<void>> open_tunnel(beast::tcp_stream& stream, const forward_proxy& proxy,
                                                const web_url& to)
{
    namespace http = beast::http;
    auto request = connect_request(proxy, to);
    const wiped_at_end wiped(request);
    const auto [write_error, written] = co_await asio::async_write(stream, asio::buffer(request), no_throw);
    if (write_error)
        co_return unreachable(proxy, "sending", write_error);

    beast::flat_buffer buffer;
    for (int interim = 0; interim <= max_interim_heads; ++interim) {
        http::response_parser<http::empty_body> parser;
        parser.header_limit(max_http_head);
        parser.skip(true); // a 2xx response to CONNECT has no body, whatever its fields say
        const auto [read_error, read] = co_await http::async_read_header(stream, buffer, parser, no_throw);
        if (read_error)
            co_return unreachable(proxy, "receiving", read_error);
        const auto status = parser.get().result_int();
        if (status < 200 && status != 101)
            continue;
        if (status < 200 || status >= 300)
            co_return broken(proxy, cause::proxy_refused,
                             "refused CONNECT to " + to.authority + " with status " + std::to_string(status));
        // The server speaks first in no version of TLS: these bytes are the proxy's own.
        if (buffer.size() > 0)
            co_return broken(proxy, cause::proxy_unreachable, "sent data before the tunnel was used");
        co_return http_outcome<void>();
    }
    co_return broken(proxy, cause::proxy_unreachable, "too many interim responses");
}

} // namespace scopegate::net
