// Blocking stream sockets with deadlines, for tests: every wait is a poll() that gives up loudly after
// `patience`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::test {

// How long a test waits for what must happen. Only a failing test ever waits this long.
inline constexpr std::chrono::seconds patience{10};

// One connection, or one listener; closes itself. Throws std::runtime_error where the system says no.
class socket_handle final {
public:
    socket_handle() = default;
    explicit socket_handle(int fd) noexcept : fd_(fd) {}
    socket_handle(socket_handle&& other) noexcept;
    socket_handle& operator=(socket_handle&& other) noexcept;
    ~socket_handle() { close(); }

    // `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`; numeric hosts only. TCP_NODELAY is set.
    [[nodiscard]] static socket_handle connect_to(const std::string& address);
    // On a free port of 127.0.0.1, or at `unix:/path`.
    [[nodiscard]] static socket_handle listen_at(const std::string& address = "127.0.0.1:0");

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int descriptor() const noexcept { return fd_; }
    [[nodiscard]] std::uint16_t port() const; // our own side's

    // Sends all of it. False where the peer has closed or reset; a peer that takes nothing for `patience`
    // throws.
    [[nodiscard]] bool send(std::string_view bytes) const;

    enum class outcome : std::uint8_t { data, end, reset, late };
    struct received {
        outcome how = outcome::data;
        std::size_t bytes = 0;
    };
    // At least one byte, the end, a reset, or nothing within `wait`.
    [[nodiscard]] received receive(char* into, std::size_t most,
                                   std::chrono::milliseconds wait = patience) const;

    // Up to 16 MiB that the kernel keeps for us to read; small ones make back-pressure visible.
    void set_receive_buffer(int bytes) const;
    void end_sending() const noexcept; // half-close
    void close() noexcept;
    void reset() noexcept;      // close with SO_LINGER 0: the peer sees a reset
    void wake() const noexcept; // makes every blocked call on it return, from another thread

private:
    int fd_ = -1;
};

// Text for a failure message: controls and non-ASCII as escapes, shortened in the middle.
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t most = 2000);

} // namespace scopegate::test
