#include "faults/failing_calls.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

using scopegate::test::failure;

thread_local constinit std::size_t left = 0; // calls until the one that fails; 0: none fails
thread_local constinit failure how = failure::broken;
thread_local constinit std::string_view failed{};
thread_local constinit bool always_one_byte = false;

bool is_hard() noexcept
{
    return how == failure::broken || how == failure::ended;
}

bool count_down(std::string_view call) noexcept
{
    if (left == 0 || --left > 0)
        return false;
    failed = call;
    return true;
}

bool is_due(std::string_view call) noexcept
{
    return how != failure::no_memory && count_down(call);
}

int refuse(int error) noexcept
{
    errno = error;
    return -1;
}

// Returns the error of a call that moves bytes or accepts.
int error_of(int hard) noexcept
{
    return is_hard() ? hard : how == failure::interrupted ? EINTR : EAGAIN;
}

// The descriptors that a thread's epoll sets watch.
struct watch {
    int epoll = -1;
    epoll_event event{};
};
thread_local std::array<watch, 1024> watched{};

// Reports the rest of the input once more. After a call that the kernel itself cut short, an edge-triggered
// set would see a change; after our cut it would not.
void tell_again(int fd) noexcept
{
    if (fd < 0 || static_cast<std::size_t>(fd) >= watched.size() ||
        watched[static_cast<std::size_t>(fd)].epoll < 0)
        return;
    auto& w = watched[static_cast<std::size_t>(fd)];
    ::syscall(SYS_epoll_ctl, w.epoll, EPOLL_CTL_MOD, fd, &w.event);
}

} // namespace

namespace scopegate::test {

void fail_call(failure kind, std::size_t n) noexcept
{
    how = kind;
    left = n;
    failed = {};
}

void only_one_byte(bool always) noexcept
{
    always_one_byte = always;
}

bool is_allocation_due() noexcept
{
    return how == failure::no_memory && count_down("allocation");
}

std::string_view failed_call() noexcept
{
    return failed;
}

} // namespace scopegate::test

extern "C" {

ssize_t recv(int fd, void* into, size_t size, int flags)
{
    const bool peeks = (flags & MSG_PEEK) != 0;
    if (!peeks && is_due("recv")) {
        if (how == failure::ended)
            return 0;
        tell_again(fd);
        if (how != failure::one_byte)
            return refuse(error_of(ECONNRESET));
        size = std::min<size_t>(size, 1);
    }
    if (always_one_byte && !peeks) {
        tell_again(fd);
        size = std::min<size_t>(size, 1);
    }
    return ::syscall(SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
}

ssize_t send(int fd, const void* from, size_t size, int flags)
{
    const bool due = is_due("send");
    if (due)
        tell_again(fd);
    if (due && how != failure::one_byte)
        return refuse(error_of(EPIPE));
    if (due || always_one_byte)
        size = std::min<size_t>(size, 1);
    return ::syscall(SYS_sendto, fd, from, size, flags, nullptr, 0);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags)
{
    const bool due = is_due("sendmsg");
    if (due)
        tell_again(fd);
    if (due && how != failure::one_byte)
        return refuse(error_of(EPIPE));
    if ((due || always_one_byte) && message->msg_iovlen > 0) {
        iovec first = message->msg_iov[0];
        first.iov_len = std::min<size_t>(first.iov_len, 1);
        msghdr small = *message;
        small.msg_iov = &first;
        small.msg_iovlen = 1;
        return ::syscall(SYS_sendmsg, fd, &small, flags);
    }
    return ::syscall(SYS_sendmsg, fd, message, flags);
}

int accept4(int fd, sockaddr* remote, socklen_t* length, int flags)
{
    if (how != failure::one_byte && is_due("accept4"))
        return refuse(error_of(EMFILE));
    return static_cast<int>(::syscall(SYS_accept4, fd, remote, length, flags));
}

int connect(int fd, const sockaddr* remote, socklen_t length)
{
    if (is_hard() && is_due("connect"))
        return refuse(ECONNREFUSED);
    return static_cast<int>(::syscall(SYS_connect, fd, remote, length));
}

int socket(int family, int type, int protocol) noexcept
{
    if (is_hard() && is_due("socket"))
        return refuse(EMFILE);
    return static_cast<int>(::syscall(SYS_socket, family, type, protocol));
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept
{
    if (is_hard() && operation != EPOLL_CTL_DEL && is_due("epoll_ctl"))
        return refuse(ENOMEM);
    if (operation != EPOLL_CTL_DEL && event != nullptr && fd >= 0 &&
        static_cast<std::size_t>(fd) < watched.size())
        watched[static_cast<std::size_t>(fd)] = {epoll, *event};
    return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

} // extern "C"
