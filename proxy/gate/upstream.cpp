#include "gate/upstream.hpp"

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

namespace scopegate::gate {

namespace asio = net::asio;

namespace {

// How long an idle connection is kept. Shorter than what common servers keep it for: a request that
// crosses their close is lost. Servers with a shorter time (Node: 5 s) announce it; we leave a second before.
constexpr std::chrono::seconds idle_patience{50};
constexpr std::chrono::seconds before_its_end{1};

std::chrono::seconds kept_for(std::optional<std::chrono::seconds> announced) noexcept
{
    return announced ? std::min(*announced - before_its_end, idle_patience) : idle_patience;
}

// One line in this time says that TLS fails, not one for each request.
constexpr std::chrono::seconds complaint_interval{1};

// Input on an idle connection is its end, or an answer to nothing: neither may be mistaken for the next
// answer. Under TLS it may also be a record without content (a session ticket).
bool is_quiet(net::stream& connection) noexcept
{
    if (!connection.read_pending())
        return true;
    if (connection.tls() == nullptr || connection.peek() != net::stream::peer_state::quiet)
        return false;
    connection.arm_read();
    return true;
}

// 0, or why not (yet).
int begin_connect(int fd, const asio::generic::stream_protocol::endpoint& address) noexcept
{
    return ::connect(fd, address.data(), static_cast<socklen_t>(address.size())) == 0 ? 0 : errno;
}

// Names the fault of a connection that could not be made. `error`: of socket() or connect().
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

upstream_pool::upstream_pool(asio::io_context& context, net::deadlines& times,
                             const policy::upstream_settings& settings, const net::tls_context* tls,
                             std::chrono::milliseconds connect_patience)
    : context_(context), times_(times), settings_(settings), tls_(tls), connect_patience_(connect_patience),
      name_(context, net::system_resolver(context, settings.address.host, settings.address.port))
{
}

upstream_pool::~upstream_pool()
{
    retire();
}

void upstream_pool::retire() noexcept
{
    retired_ = true;
    for (const auto& idle : idle_)
        idle.connection->close();
    idle_.clear();
}

net::stream_ptr upstream_pool::take(steady_time now) noexcept
{
    while (!idle_.empty()) {
        auto connection = std::move(idle_.back().connection);
        const bool kept = now < idle_.back().until;
        idle_.pop_back();
        if (kept && is_quiet(*connection))
            return connection;
        connection->close();
    }
    return nullptr;
}

void upstream_pool::keep(net::stream_ptr connection, std::optional<std::chrono::seconds> announced)
{
    connection->observe(nullptr);
    const auto time = kept_for(announced);
    if (retired_ || time <= std::chrono::seconds(0)) {
        connection->close();
        return;
    }
    // Input that was noticed may have been the end of the last answer; anything that is still there is an
    // answer to nothing.
    if (connection->read_pending() && connection->peek() != net::stream::peer_state::quiet) {
        connection->close();
        return;
    }
    if (connection->read_pending())
        connection->arm_read();
    idle_.push_back({std::move(connection), net::coarse_now() + time});
}

void upstream_pool::sweep(steady_time now)
{
    std::erase_if(idle_, [now](idle_connection& idle) {
        if (now < idle.until && is_quiet(*idle.connection))
            return false;
        idle.connection->close();
        return true;
    });
}

net::task<result<net::stream_ptr>> upstream_pool::connect()
{
    const auto now = std::chrono::steady_clock::now();
    const auto deadline = now + connect_patience_;
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

net::task<result<net::stream_ptr>>
upstream_pool::connect_to(const asio::generic::stream_protocol::endpoint& address, steady_time deadline)
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
    const net::stream_ptr connection = net::stream::make(context_, fd, times_);
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
    if (tls_ == nullptr)
        co_return connection;
    const auto insecure = co_await secure(*connection, deadline);
    if (insecure != cause::none) {
        connection->close();
        co_return failure(reason::upstream_unreachable, insecure);
    }
    co_return connection;
}

// A TCP connection waits for room in the API's queue by itself; one to a unix socket is refused instead.
net::task<void> upstream_pool::wait_for_room()
{
    asio::steady_timer pause(context_, std::chrono::milliseconds(10));
    auto start = [&pause](auto handler) { pause.async_wait(std::move(handler)); };
    static_cast<void>(co_await net::completion<net::error_code>(start));
}

// Returns what TLS has against the connection; `none`: it is good.
net::task<cause> upstream_pool::secure(net::stream& connection, steady_time deadline)
{
    auto channel = tls_->open(connection.native_handle());
    const bool made = co_await connection.handshake(std::move(channel), deadline);
    if (made)
        co_return cause::none;
    const auto fault = connection.tls()->fault();
    complain(fault == cause::none ? "timed out" : connection.tls()->failure());
    co_return fault == cause::none ? cause::timeouts_upstream_connect : fault;
}

void upstream_pool::complain_of(const net::stream& connection)
{
    if (connection.tls() != nullptr && !connection.tls()->failure().empty())
        complain(connection.tls()->failure());
}

void upstream_pool::complain(const std::string& why)
{
    const auto now = std::chrono::steady_clock::now();
    if (now - complained_at_ < complaint_interval)
        return;
    complained_at_ = now;
    observe::log_repeated(observe::level::warn, "upstream_tls_failed",
                          {{"server_name", settings_.tls->server_name}, {"error", why}});
}

} // namespace scopegate::gate
