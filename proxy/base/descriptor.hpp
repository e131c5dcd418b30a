// A file descriptor that closes itself, for files that are read and written at load time or outside of
// requests. Sockets have their own owners (net/).
#pragma once

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace scopegate {

// Owns the result of ::open and similar calls, including the -1 of a failure. Leaves errno unchanged.
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
    // Releases the descriptor. The caller must close it.
    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

private:
    int fd_;
};

// Returns the system's description of the calling thread's errno, for a message.
[[nodiscard]] inline std::string last_system_problem()
{
    return std::generic_category().message(errno);
}

} // namespace scopegate
