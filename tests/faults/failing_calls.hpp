// Makes one system call of a thread fail: the program's own definitions of the C library's functions take
// precedence over the library's (statically linked Asio calls them too). What a thread is not told, it does
// not feel.
#pragma once

#include <cstddef>
#include <string_view>

namespace scopegate::test {

// How a call fails. Those behind `once_more` must not be felt by anybody: the caller repeats it.
enum class failure : unsigned char {
    broken, // recv: ECONNRESET, send: EPIPE, connect: ECONNREFUSED; socket, accept: EMFILE; epoll_ctl: ENOMEM
    ended,  // recv: the end of the stream; the others as above
    once_more,   // EAGAIN of recv, send and accept
    interrupted, // EINTR of the same
    one_byte,    // recv and send do one byte only
    no_memory,   // operator new and OpenSSL's allocations find none
};

// For the thread that calls it: the n-th call that can fail so (1 is the next) fails; 0: none.
void fail_call(failure how, std::size_t n) noexcept;
// From now on every call does one byte only.
void only_one_byte(bool always) noexcept;
// For operator new and its like: whether this one fails.
[[nodiscard]] bool is_allocation_due() noexcept;
// Which call failed since fail_call(); empty: none yet.
[[nodiscard]] std::string_view failed_call() noexcept;

} // namespace scopegate::test
