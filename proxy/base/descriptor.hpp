// A file descriptor that closes itself, for the files that are read and written at load and beside requests.
// Sockets have owners of their own (net/).
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace scopegate {

// Owns what ::open and its kin answer, also the -1 of a failure (errno is left as it was).
class descriptor final {
public:
    explicit descriptor(int fd) noexcept : fd_(fd) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor()
    {
        if (fd_ >= 0)
            ::close(fd_);
    }
    [[nodiscard]] int get() const noexcept { return fd_; }
    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    // Hands the descriptor over: it is the caller's to close.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

// What the system says of the calling thread's errno, for a message.
[[nodiscard]] inline std::string last_system_problem()
{
    return std::generic_category().message(errno);
}

} // namespace scopegate
