#include "upstream/http1_connector.hpp"

#include "net/address.hpp"
#include "net/completion.hpp"
#include "observe/log.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace scopegate::upstream {

namespace asio = net::asio;

namespace {

// TLS failures are logged at most once in this time, not for each request.
constexpr std::chrono::seconds report_interval{1};

// Returns 0 if connected, otherwise the errno, which may be EINPROGRESS.
int begin_connect(int fd, const asio::generic::stream_protocol::endpoint& address) noexcept
{
    return ::connect(fd, address.data(), static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
}

// Returns the failure for an errno of socket() or connect().
failure unreachable(int error) noexcept
{
    const auto why = [error] {
        switch (error) {
        case ECONNREFUSED:
            return cause::refused_connection;
        case ENOENT:
            return cause::no_such_socket;
        case EACCES:
        case EPERM:
            return cause::socket_permission;
        case EADDRNOTAVAIL:
        case EAFNOSUPPORT:
        case EHOSTUNREACH:
        case ENETDOWN:
        case ENETUNREACH:
            return cause::unreachable_network;
        case EAGAIN: // the queue of a unix socket stayed full
        case ETIMEDOUT:
            return cause::timeouts_upstream_connect;
        case EMFILE:
        case ENFILE:
            return cause::file_descriptors;
        case ECONNRESET:
            return cause::reset_connection;
        default:
            return cause::failed_connection;
        }
    }();
    return {reason::upstream_unreachable, why};
}

} // namespace

http1_connector::http1_connector(const worker_resources& own, const policy::upstream_settings& settings,
                                 const net::tls_context* tls, std::chrono::milliseconds connect_timeout)
    : own_(own), settings_(settings), tls_(tls), connect_timeout_(connect_timeout),
      name_(own.context, net::system_resolver(own.context, settings.address.host, settings.address.port))
{
}

net::task<result<wire::upstream_ptr>> http1_connector::connect()
{
    const auto now = std::chrono::steady_clock::now();
    const auto deadline = now + connect_timeout_;
    if (settings_.address.is_unix()) {
        const auto address = net::unix_endpoint(settings_.address.unix_path);
        co_return co_await connect_to(address, deadline);
    }
    const auto literal = net::literal_endpoint(settings_.address.host, settings_.address.port);
    if (literal)
        co_return co_await connect_to(*literal, deadline);
    const auto addresses = co_await name_.find(now, deadline);
    const bool late = addresses.empty() && std::chrono::steady_clock::now() >= deadline;
    failure last(reason::upstream_unreachable,
                 late ? cause::timeouts_upstream_connect : cause::unresolvable_name);
    for (const auto& address : addresses) {
        auto made = co_await connect_to(address, deadline);
        if (made)
            co_return made;
        last = made.error();
    }
    co_return last;
}

net::task<result<wire::upstream_ptr>>
http1_connector::connect_to(const asio::generic::stream_protocol::endpoint& address, steady_time deadline)
{
    const int family = address.data()->sa_family;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        co_return unreachable(errno);
    if (family != AF_UNIX) {
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    int failed = begin_connect(fd, address);
    while (failed == EAGAIN && family == AF_UNIX && std::chrono::steady_clock::now() < deadline) {
        co_await wait_for_room();
        failed = begin_connect(fd, address);
    }
    const bool connected = failed == 0;
    if (!connected && failed != EINPROGRESS) {
        ::close(fd);
        co_return unreachable(failed);
    }
    const net::stream_ptr connection = net::stream::make(own_.context, fd, own_.times);
    if (!connection)
        co_return unreachable(ENOMEM);
    if (!connected) {
        const auto woken = co_await connection->writable(deadline);
        socklen_t size = sizeof failed;
        ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
        if (woken != net::readiness::ready || failed != 0) {
            connection->close();
            co_return unreachable(failed != 0 ? failed : ETIMEDOUT);
        }
    }
    const auto insecure = tls_ != nullptr ? co_await secure(*connection, deadline) : cause::none;
    if (insecure != cause::none) {
        connection->close();
        co_return failure(reason::upstream_unreachable, insecure);
    }
    http1::tls_reports& reports = *this;
    co_return std::make_unique<http1::upstream_connection>(connection, own_.buffers, reports);
}

// The kernel lets a TCP connection wait for room in the upstream's queue, but refuses one to a unix socket.
net::task<void> http1_connector::wait_for_room()
{
    asio::steady_timer pause(own_.context, std::chrono::milliseconds(10));
    auto start = [&pause](auto handler) { pause.async_wait(std::move(handler)); };
    static_cast<void>(co_await net::completion<net::error_code>(start));
}

// Returns why the TLS handshake failed; `none`: it succeeded.
net::task<cause> http1_connector::secure(net::stream& connection, steady_time deadline)
{
    auto channel = tls_->open(connection.native_handle());
    const bool made = co_await connection.handshake(std::move(channel), deadline);
    if (made)
        co_return cause::none;
    const auto fault = connection.tls()->fault();
    on_tls_failure(fault == cause::none ? "timed out" : connection.tls()->failure());
    co_return fault == cause::none ? cause::timeouts_upstream_connect : fault;
}

void http1_connector::on_tls_failure(const std::string& why)
{
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_at_ < report_interval)
        return;
    reported_at_ = now;
    observe::log_repeated(observe::level::warn, "upstream_tls_failed",
                          {{"server_name", settings_.tls->server_name}, {"error", why}});
}

} // namespace scopegate::upstream
