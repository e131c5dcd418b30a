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
int begin_connect(int fd, const net::stream_endpoint& address) noexcept
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

std::optional<net::stream_endpoint> fixed_endpoint(const policy::endpoint& of)
{
    if (of.is_unix())
        return net::unix_endpoint(of.unix_path);
    return net::literal_endpoint(of.host, of.port);
}

} // namespace

std::vector<listed_address> listed_addresses(const policy::upstream_settings& settings)
{
    std::vector<listed_address> all;
    for (const auto& one : settings.addresses)
        all.push_back({fixed_endpoint(one), policy::to_text(one)});
    return all;
}

// Passes the notes of one connection on, with its address.
class http1_connector::reports_of_one final : public http1::connection_reports {
public:
    reports_of_one(http1_connector& maker, address& to, address_reports& reports) noexcept
        : maker_(maker), to_(&to), reports_(reports)
    {
    }
    void on_tls_failure(const std::string& why) override { maker_.report_tls_failure(to_->url, why); }
    void on_first_response() override { reports_.on_response(*to_); }
    void on_end_without_response(cause why) override { reports_.on_end_without_response(*to_, why); }

private:
    http1_connector& maker_;
    address_ptr to_;
    address_reports& reports_;
};

http1_connector::http1_connector(const worker_resources& own, const policy::upstream_settings& settings,
                                 const net::tls_context* tls)
    : own_(own), settings_(settings), tls_(tls)
{
    for (const auto& one : settings.addresses) {
        names_.emplace_back();
        if (!fixed_endpoint(one))
            names_.back().emplace(own.context, net::system_resolver(own.context, one.host, one.port));
    }
}

net::task<std::optional<std::vector<net::stream_endpoint>>> http1_connector::look_up(std::size_t url,
                                                                                     steady_time deadline)
{
    auto& name = names_.at(url);
    if (!name)
        co_return std::nullopt;
    auto found = co_await name->find(std::chrono::steady_clock::now(), deadline);
    co_return found;
}

std::vector<net::stream_endpoint> http1_connector::refresh(std::size_t url, steady_time now)
{
    auto& name = names_.at(url);
    return name ? name->refresh(now) : std::vector<net::stream_endpoint>();
}

net::task<result<wire::upstream_ptr>> http1_connector::connect(address& to, steady_time deadline,
                                                               address_reports& reports)
{
    const auto opened = co_await open(*to.endpoint, deadline);
    if (!opened)
        co_return opened.error();
    const auto connection = *opened;
    const auto insecure = tls_ != nullptr ? co_await secure(*connection, to.url, deadline) : cause::none;
    if (insecure != cause::none) {
        connection->close();
        co_return failure(reason::upstream_unreachable, insecure);
    }
    auto notes = std::make_unique<reports_of_one>(*this, to, reports);
    co_return std::make_unique<http1::upstream_connection>(connection, own_.buffers, std::move(notes));
}

// Returns a connected stream.
net::task<result<net::stream_ptr>> http1_connector::open(const net::stream_endpoint& to, steady_time deadline)
{
    const int family = to.data()->sa_family;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        co_return unreachable(errno);
    if (family != AF_UNIX) {
        const int on = 1;
        ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    int failed = begin_connect(fd, to);
    while (failed == EAGAIN && family == AF_UNIX && std::chrono::steady_clock::now() < deadline) {
        co_await wait_for_room();
        failed = begin_connect(fd, to);
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
    co_return connection;
}

// The kernel lets a TCP connection wait for room in the upstream's queue, but refuses one to a unix socket.
net::task<void> http1_connector::wait_for_room()
{
    asio::steady_timer pause(own_.context, std::chrono::milliseconds(10));
    auto start = [&pause](auto handler) { pause.async_wait(std::move(handler)); };
    static_cast<void>(co_await net::completion<net::error_code>(start));
}

// Returns why the TLS handshake failed; `none`: it succeeded.
net::task<cause> http1_connector::secure(net::stream& connection, std::size_t url, steady_time deadline)
{
    auto channel = tls_->open(connection.native_handle(), url);
    const bool made = co_await connection.handshake(std::move(channel), deadline);
    if (made)
        co_return cause::none;
    const auto fault = connection.tls()->fault();
    report_tls_failure(url, fault == cause::none ? "timed out" : connection.tls()->failure());
    co_return fault == cause::none ? cause::timeouts_upstream_connect : fault;
}

void http1_connector::report_tls_failure(std::size_t url, const std::string& why)
{
    const auto now = std::chrono::steady_clock::now();
    if (now - reported_at_ < report_interval)
        return;
    reported_at_ = now;
    observe::log_repeated(observe::level::warn, "upstream_tls_failed",
                          {{"server_name", settings_.server_name(url)}, {"error", why}});
}

} // namespace scopegate::upstream
