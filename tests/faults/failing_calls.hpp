// Makes one system call of a thread fail. The program defines the C library's functions itself, and these
// definitions take precedence (also in statically linked Asio). Threads for which no failure is set are not
// affected.
#pragma once

#include <cstddef>
#include <string_view>

namespace scopegate::test {

// How a call fails. A failure from `once_more` on must have no visible effect: the caller repeats the call.
enum class failure : unsigned char {
    broken, // recv: ECONNRESET, send: EPIPE, connect: ECONNREFUSED; socket, accept: EMFILE; epoll_ctl: ENOMEM
    ended,  // recv: the end of the stream; the others as above
    once_more,   // EAGAIN of recv, send and accept
    interrupted, // EINTR of the same calls
    one_byte,    // recv and send move one byte only
    no_memory,   // operator new and OpenSSL's allocations fail
};

// For the calling thread: the n-th call that can fail in this way fails (1 is the next one); 0: none fails.
void fail_call(failure how, std::size_t n) noexcept;
// From now on, every call moves one byte only.
void only_one_byte(bool always) noexcept;
// For operator new and similar functions: returns whether this allocation fails.
[[nodiscard]] bool is_allocation_due() noexcept;
// Returns the call that has failed since fail_call(), or an empty text.
[[nodiscard]] std::string_view failed_call() noexcept;

} // namespace scopegate::test
