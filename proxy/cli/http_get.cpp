#include "cli/http_get.hpp"

#include "base/url.hpp"
#include "cli/commands.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <charconv>

namespace scopegate::cli {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string spoken(const policy::endpoint& e)
{
    if (e.is_unix())
        return "unix:" + e.unix_path;
    const bool v6 = e.host.find(':') != std::string::npos;
    return (v6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port);
}

// Sends one request on a connected socket and reads the first line of the response. Calls `done` with the
// error, if any.
template <class Socket>
class status_request final {
public:
    status_request(asio::io_context& io, std::string request) : socket_(io), request_(std::move(request)) {}
    [[nodiscard]] Socket& socket() noexcept { return socket_; }

    void start()
    {
        asio::async_write(socket_, asio::buffer(request_), [this](error_code failed, std::size_t) {
            if (failed)
                return fail(failed);
            asio::async_read_until(socket_, asio::dynamic_buffer(answer_, 8192), "\r\n",
                                   [this](error_code e, std::size_t) { e ? fail(e) : read_status(); });
        });
    }
    void fail(const error_code& e) { problem_ = e.message(); }

    // Returns the status. Call it once the io_context has run out of work or time.
    [[nodiscard]] unsigned status(const std::string& whom) const
    {
        if (status_ != 0)
            return status_;
        throw input_error("no response from " + whom + ": " + (problem_.empty() ? "timed out" : problem_));
    }

private:
    void read_status()
    {
        const std::string_view line = answer_;
        if (line.starts_with("HTTP/1.") && line.size() > 12)
            std::from_chars(line.data() + 9, line.data() + 12, status_);
        if (status_ == 0)
            problem_ = "not an HTTP response";
    }

    Socket socket_;
    std::string request_, answer_, problem_;
    unsigned status_ = 0;
};

std::string request_text(std::string_view method, const http_url& url, std::string_view fields)
{
    const auto host = url.address.is_unix() ? "localhost" : spoken(url.address);
    std::string text(method);
    text.append(" ").append(url.path).append(" HTTP/1.1\r\nHost: ").append(host).append("\r\n");
    return text.append(fields).append("Connection: close\r\n\r\n");
}

unsigned status_of(const http_url& url, std::string text, std::chrono::milliseconds limit)
{
    asio::io_context io{1};
    const auto whom = spoken(url.address);
    if (url.address.is_unix()) {
        status_request<asio::local::stream_protocol::socket> request(io, std::move(text));
        request.socket().async_connect(asio::local::stream_protocol::endpoint(url.address.unix_path),
                                       [&](error_code e) { e ? request.fail(e) : request.start(); });
        io.run_for(limit);
        return request.status(whom);
    }
    status_request<asio::ip::tcp::socket> request(io, std::move(text));
    asio::ip::tcp::resolver resolver(io);
    const auto connected = [&](error_code e, const asio::ip::tcp::endpoint&) {
        e ? request.fail(e) : request.start();
    };
    resolver.async_resolve(url.address.host, std::to_string(url.address.port),
                           [&](error_code e, const asio::ip::tcp::resolver::results_type& found) {
                               e ? request.fail(e) : asio::async_connect(request.socket(), found, connected);
                           });
    io.run_for(limit);
    return request.status(whom);
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
    return status_of(url, request_text("GET", url, ""), limit);
}

unsigned http_post_status(const http_url& url, std::string_view fields, std::chrono::milliseconds limit)
{
    return status_of(url, request_text("POST", url, std::string(fields) + "Content-Length: 0\r\n"), limit);
}

} // namespace scopegate::cli
