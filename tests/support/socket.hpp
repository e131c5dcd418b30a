// Blocking stream sockets with deadlines, for tests: every wait is a poll() that throws after `test_timeout`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scopegate::test {

// How long a test waits for an expected event. Only a failing test ever waits this long.
inline constexpr std::chrono::seconds test_timeout{10};

// One connection or one listener, which closes itself. Throws std::runtime_error on a system error.
class socket_handle final {
public:
    socket_handle() = default;
    explicit socket_handle(int fd) noexcept : fd_(fd) {}
    socket_handle(socket_handle&& other) noexcept;
    socket_handle& operator=(socket_handle&& other) noexcept;
    ~socket_handle() { close(); }

    // Connects to `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`; numeric hosts only. Sets TCP_NODELAY.
    [[nodiscard]] static socket_handle connect_to(const std::string& address);
    // Listens on a free port of 127.0.0.1, or at `unix:/path`.
    [[nodiscard]] static socket_handle listen_at(const std::string& address = "127.0.0.1:0");

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int descriptor() const noexcept { return fd_; }
    [[nodiscard]] std::uint16_t port() const; // of our own end

    // Sends all bytes. Returns false if the peer has closed or reset. Throws if the peer reads nothing for
    // `test_timeout`.
    [[nodiscard]] bool send(std::string_view bytes) const;

    enum class outcome : std::uint8_t { data, end, reset, late };
    struct received {
        outcome how = outcome::data;
        std::size_t bytes = 0;
    };
    // Returns at least one byte, the end, a reset, or nothing after `wait`.
    [[nodiscard]] received receive(char* into, std::size_t most,
                                   std::chrono::milliseconds wait = test_timeout) const;

    // Sets the kernel's receive buffer, up to 16 MiB. Small ones make back-pressure visible.
    void set_receive_buffer(int bytes) const;
    void end_sending() const noexcept; // half-close
    void close() noexcept;
    void reset() noexcept;      // close with SO_LINGER 0: the peer sees a reset
    void wake() const noexcept; // makes every blocked call on it return; for another thread

private:
    int fd_ = -1;
};

// Returns a text for a failure message: control and non-ASCII characters are escaped, and the middle is
// shortened.
[[nodiscard]] std::string printable(std::string_view bytes, std::size_t most = 2000);

} // namespace scopegate::test
