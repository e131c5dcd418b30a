#include "cli/http_get.hpp"

#include "base/url.hpp"
#include "cli/commands.hpp"
#include "net/name_lookup.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <exception>

namespace scopegate::cli {

namespace {

namespace asio = boost::asio;

std::string spoken(const policy::endpoint& e)
{
    if (e.is_unix())
        return "unix:" + e.unix_path;
    const bool v6 = e.host.find(':') != std::string::npos;
    return (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

unsigned status_of(std::string_view line) noexcept
{
    unsigned status = 0;
    if (line.starts_with("HTTP/1.") && line.size() > 12)
        std::from_chars(line.data() + 9, line.data() + 12, status);
    return status;
}

// Sends one request on a connected socket. Returns the status of the response; 0 if that is not HTTP.
template <class Socket>
asio::awaitable<unsigned> exchange(Socket& socket, const std::string& request)
{
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    std::string answer;
    auto buffer = asio::dynamic_buffer(answer, 8192);
    co_await asio::async_read_until(socket, buffer, "\r\n", asio::use_awaitable);
    co_return status_of(answer);
}

// The caller bounds the time.
asio::awaitable<unsigned> ask(const policy::endpoint& address, const std::string& request)
{
    const auto executor = co_await asio::this_coro::executor;
    if (address.is_unix()) {
        asio::local::stream_protocol::socket socket(executor);
        const asio::local::stream_protocol::endpoint at(address.unix_path);
        co_await socket.async_connect(at, asio::use_awaitable);
        co_return co_await exchange(socket, request);
    }
    const auto found = co_await net::resolve(address.host, address.port, steady_time::max());
    asio::ip::tcp::socket socket(executor);
    co_await asio::async_connect(socket, found.value(), asio::use_awaitable);
    co_return co_await exchange(socket, request);
}

std::string request_text(std::string_view method, const http_url& url, std::string_view fields)
{
    const auto host = url.address.is_unix() ? "localhost" : spoken(url.address);
    std::string text(method);
    text.append(" ").append(url.path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
    return text.append(fields).append("Connection: close\r\n\r\n");
}

unsigned status_within(const http_url& url, const std::string& request, std::chrono::milliseconds limit)
{
    asio::io_context io{1};
    unsigned status = 0;
    std::string problem = "timed out";
    const auto done = [&](const std::exception_ptr& failed, unsigned got) {
        status = got;
        problem = "not an HTTP response";
        try {
            if (failed)
                std::rethrow_exception(failed);
        } catch (const boost::system::system_error& e) {
            problem = e.code().message();
        }
    };
    asio::co_spawn(io, ask(url.address, request), done);
    io.run_for(limit);
    if (status == 0)
        throw input_error("no response from " + spoken(url.address) + ": " + problem);
    return status;
}

} // namespace

http_url parse_http_url(std::string_view url)
{
    const auto refuse = [&](std::string_view why) {
        return usage_error("'" + std::string(url) + "' " + std::string(why) +
                           "; write http://127.0.0.1:9901/readyz");
    };
    const auto parts = split_url(url);
    if (!parts || parts->scheme != "http")
        throw refuse("is not an http URL");
    http_url out;
    out.path = parts->path.empty() ? "/" : std::string(parts->path);
    out.path.append(parts->query).append(parts->fragment);
    for (const char c : out.path)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
            throw refuse("has a path with spaces or control characters");
    const auto origin = parse_web_url("http://" + std::string(parts->authority));
    if (!origin || origin->has_user)
        throw refuse("has no valid host and port");
    out.address.host = origin->host;
    out.address.port = origin->port;
    return out;
}

policy::endpoint from_here(policy::endpoint listener)
{
    if (listener.host == "0.0.0.0")
        listener.host = "127.0.0.1";
    else if (listener.host == "::")
        listener.host = "::1";
    return listener;
}

unsigned http_get_status(const http_url& url, std::chrono::milliseconds limit)
{
    return status_within(url, request_text("GET", url, ""), limit);
}

unsigned http_post_status(const http_url& url, std::string_view fields, std::chrono::milliseconds limit)
{
    return status_within(url, request_text("POST", url, std::string(fields) + "Content-Length: 0\r\n"),
                         limit);
}

} // namespace scopegate::cli
