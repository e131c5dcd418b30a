#include "support/socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace scopegate::test {

namespace {

[[noreturn]] void fail(const std::string& what)
{
    throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
};

socket_address parse(const std::string& address)
{
    socket_address made;
    constexpr std::string_view unix_prefix = "unix:";
    if (address.starts_with(unix_prefix)) {
        auto& un = reinterpret_cast<sockaddr_un&>(made.storage);
        const auto path = address.substr(unix_prefix.size());
        if (path.size() >= sizeof un.sun_path)
            throw std::runtime_error("too long for a unix socket: " + path);
        un.sun_family = AF_UNIX;
        std::copy(path.begin(), path.end(), un.sun_path);
        made.size = sizeof un;
        return made;
    }
    const auto colon = address.rfind(':');
    if (colon == std::string::npos)
        throw std::runtime_error("no port in the address " + address);
    auto host = address.substr(0, colon);
    if (host.starts_with('['))
        host = host.substr(1, host.size() - 2);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found) != 0)
        throw std::runtime_error("not an address: " + address);
    std::memcpy(&made.storage, found->ai_addr, found->ai_addrlen);
    made.size = found->ai_addrlen;
    ::freeaddrinfo(found);
    return made;
}

// Returns false on a timeout.
bool wait_for(int fd, short events, std::chrono::milliseconds wait)
{
    const auto deadline = std::chrono::steady_clock::now() + wait;
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        pollfd waited{fd, events, 0};
        const int n = ::poll(&waited, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (n > 0)
            return true;
        if (n == 0)
            return false;
        if (errno != EINTR)
            fail("poll");
    }
}

} // namespace

socket_handle::socket_handle(socket_handle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

socket_handle& socket_handle::operator=(socket_handle&& other) noexcept
{
    if (this != &other) {
        close();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

socket_handle socket_handle::connect_to(const std::string& address)
{
    const auto to = parse(address);
    socket_handle made(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made.is_open())
        fail("socket");
    const int on = 1;
    if (to.storage.ss_family != AF_UNIX)
        ::setsockopt(made.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(made.fd_, to.get(), to.size) != 0)
        fail("can't connect to " + address);
    return made;
}

socket_handle socket_handle::listen_at(const std::string& address)
{
    const auto at = parse(address);
    socket_handle made(::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made.is_open())
        fail("socket");
    const int on = 1;
    ::setsockopt(made.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(made.fd_, at.get(), at.size) != 0)
        fail("can't bind " + address);
    if (::listen(made.fd_, 128) != 0)
        fail("can't listen at " + address);
    return made;
}

std::uint16_t socket_handle::port() const
{
    sockaddr_in own{};
    socklen_t size = sizeof own;
    if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &size) != 0)
        fail("getsockname");
    return ntohs(own.sin_port);
}

bool socket_handle::send(std::string_view bytes) const
{
    while (!bytes.empty()) {
        if (!wait_for(fd_, POLLOUT, test_timeout))
            throw std::runtime_error("the peer took nothing for 10 s; left to send: " +
                                     std::to_string(bytes.size()));
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
            return false;
        else if (errno != EAGAIN && errno != EINTR)
            fail("send");
    }
    return true;
}

socket_handle::received socket_handle::receive(char* into, std::size_t most,
                                               std::chrono::milliseconds wait) const
{
    for (;;) {
        if (!wait_for(fd_, POLLIN, wait))
            return {outcome::late, 0};
        const auto got = ::recv(fd_, into, most, MSG_DONTWAIT);
        if (got > 0)
            return {outcome::data, static_cast<std::size_t>(got)};
        if (got == 0)
            return {outcome::end, 0};
        if (errno == ECONNRESET || errno == EPIPE || errno == ENOTCONN)
            return {outcome::reset, 0};
        if (errno != EAGAIN && errno != EINTR)
            fail("recv");
    }
}

void socket_handle::set_receive_buffer(int bytes) const
{
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

void socket_handle::end_sending() const noexcept
{
    ::shutdown(fd_, SHUT_WR);
}

void socket_handle::close() noexcept
{
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
}

void socket_handle::reset() noexcept
{
    const linger at_once{1, 0};
    if (fd_ >= 0)
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
}

void socket_handle::wake() const noexcept
{
    ::shutdown(fd_, SHUT_RDWR);
}

std::string printable(std::string_view bytes, std::size_t most)
{
    constexpr char hex[] = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes.size() > most && i == most / 2) {
            const auto left_out = bytes.size() - most;
            out += "\n[... " + std::to_string(left_out) + " bytes ...]\n";
            i += left_out;
        }
        const auto c = static_cast<unsigned char>(bytes[i]);
        if (c == '\r')
            out += "\\r";
        else if (c == '\n')
            out += "\\n\n";
        else if (c >= 0x20 && c < 0x7F)
            out += static_cast<char>(c);
        else
            out.append("\\x").append(1, hex[c >> 4]).append(1, hex[c & 15]);
    }
    return out;
}

} // namespace scopegate::test
