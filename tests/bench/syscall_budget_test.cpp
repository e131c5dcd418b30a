// The number of system calls and of clock reads per request: a permitted request with a token seen before, on
// kept-alive connections, in a worker of this process. The test counts and does not measure times, so a busy
// machine does not change the result. The program defines the C library's functions itself. These definitions
// take precedence, also in statically linked Asio, and count the calls. `strace -f -c -p PID` shows the same
// from outside.
#include "support/raw_client.hpp"
#include "unit/gate/running_worker.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstdarg>
#include <ctime>
#include <map>
#include <string>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum call : std::size_t {
    receive,
    send_out,
    control,
    wait_for,
    timer,
    other,
    wall_clock,
    steady_clock,
    kinds
};
using call_counts = std::array<std::size_t, kinds>;
thread_local constinit call_counts counted{};

template <class... A>
long counted_call(call kind, long number, A... arguments) noexcept
{
    ++counted[kind];
    return ::syscall(number, arguments...); // sets errno as the library's own function does
}

} // namespace

extern "C" {

ssize_t recv(int fd, void* into, size_t size, int flags)
{
    return counted_call(receive, SYS_recvfrom, fd, into, size, flags, nullptr, nullptr);
}
ssize_t recvmsg(int fd, msghdr* message, int flags)
{
    return counted_call(receive, SYS_recvmsg, fd, message, flags);
}
ssize_t send(int fd, const void* from, size_t size, int flags)
{
    return counted_call(send_out, SYS_sendto, fd, from, size, flags, nullptr, 0);
}
ssize_t sendmsg(int fd, const msghdr* message, int flags)
{
    return counted_call(send_out, SYS_sendmsg, fd, message, flags);
}
ssize_t read(int fd, void* into, size_t size)
{
    return counted_call(other, SYS_read, fd, into, size);
}
ssize_t write(int fd, const void* from, size_t size)
{
    return counted_call(other, SYS_write, fd, from, size);
}
ssize_t readv(int fd, const iovec* pieces, int count)
{
    return counted_call(other, SYS_readv, fd, pieces, count);
}
ssize_t writev(int fd, const iovec* pieces, int count)
{
    return counted_call(other, SYS_writev, fd, pieces, count);
}
int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept
{
    return static_cast<int>(counted_call(control, SYS_epoll_ctl, epoll, operation, fd, event));
}
int epoll_wait(int epoll, epoll_event* events, int size, int milliseconds)
{
    return static_cast<int>(
        counted_call(wait_for, SYS_epoll_pwait, epoll, events, size, milliseconds, nullptr, 8));
}
int timerfd_settime(int fd, int flags, const itimerspec* next, itimerspec* last) noexcept
{
    return static_cast<int>(counted_call(timer, SYS_timerfd_settime, fd, flags, next, last));
}
// The clocks. Usually they are read without a system call.
int clock_gettime(clockid_t clock, timespec* into) noexcept
{
    const auto kind = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ? wall_clock : steady_clock;
    return static_cast<int>(counted_call(kind, SYS_clock_gettime, clock, into));
}

} // extern "C"

namespace scopegate::gate {
namespace {

TEST(syscall_budget, bounds_a_permitted_request_with_a_known_token_on_kept_connections)
{
    const test::recording_upstream upstream;
    running_worker gate(upstream);
    test::raw_client client(gate.address());
    const auto request = test::get("/appointments/17", reader_token());
    for (int warm = 0; warm < 20; ++warm)
        ASSERT_EQ(client.exchange(request).status, 200U);

    constexpr std::size_t requests = 500;
    const call_counts before = gate.on_thread([] { return counted; });
    for (std::size_t i = 0; i < requests; ++i)
        ASSERT_EQ(client.exchange(request).status, 200U);
    const call_counts after = gate.on_thread([] { return counted; });

    // One request alone on its connections is read and forwarded, and its response is read and sent back. The
    // worker waits for the bytes of both. If the next bytes arrive more than a millisecond later, Asio waits
    // for them: two more calls, and one that arms it. With many connections, one epoll_wait serves several of
    // them, and a request takes four calls in all.
    struct budget {
        const char* what;
        call kind;
        std::size_t of_one_request;
    };
    constexpr std::array<budget, kinds> budgets{{
        {"recv, recvmsg", receive, 2},
        {"send, sendmsg", send_out, 2},
        {"epoll_ctl", control, 2},
        {"epoll_wait", wait_for, 6},
        {"timerfd_settime", timer, 0},
        {"read, write and the like", other, 0},
        {"reads of the wall clock", wall_clock, 2}, // the decision, and the record after the last wait
        {"reads of the monotonic clock", steady_clock, 6 + 3}, // see below
    }};
    // The share that a sweep of the deadlines, ten times a second, and the two requests above may add.
    constexpr std::size_t aside = requests / 10;
    for (const auto& b : budgets)
        EXPECT_LE(after[b.kind] - before[b.kind], b.of_one_request * requests + aside)
            << b.what << ": " << after[b.kind] - before[b.kind] << " in " << requests << " requests";
    // The monotonic clock is read once per poll, once for each of the two batches of output (the request and
    // the response), and once for the record.
    const auto polls = after[wait_for] - before[wait_for];
    EXPECT_LE(after[steady_clock] - before[steady_clock], polls + 3 * requests + aside)
        << "something reads the clock besides polls, batches of output and records";
    EXPECT_GE(after[receive] - before[receive], 2 * requests) << "the worker's calls are not counted";
    EXPECT_EQ(upstream.connections(), 1U) << "the upstream connection was not kept";
}

} // namespace
} // namespace scopegate::gate
