// Pieces of memory that are written to a stream in one system call, in order: slices of a head, prepared
// lines, body data. Holds views only; what they point to must stay until it was sent.
#pragma once

#include "net/stream.hpp"
#include "net/task.hpp"

#include <array>
#include <chrono>
#include <span>
#include <string_view>

#include <sys/uio.h>

namespace scopegate::net {

class gather final {
public:
    static constexpr std::size_t capacity = 64;

    // Adds a piece, if it is not empty; neighbours in memory become one. False where there is no room left.
    bool add(std::string_view piece) noexcept;
    void clear() noexcept { first_ = count_ = 0; }
    [[nodiscard]] bool empty() const noexcept { return first_ == count_; }
    // How many bytes are left to be sent.
    [[nodiscard]] std::size_t bytes() const noexcept;
    // Copies what is left to be sent, and sends it from there; `into` has room for bytes().
    void move_to(std::span<char> into) noexcept;
    // Whether so many more pieces fit.
    [[nodiscard]] bool has_room(std::size_t pieces) const noexcept { return count_ + pieces <= capacity; }

    // Writes without waiting. True where everything is sent; otherwise send() goes on, or fails.
    [[nodiscard]] bool send_now(stream& to) noexcept;
    // Writes the rest, waiting where the peer is slow: `patience` between two writes at most. `done`,
    // `would_block` (out of patience) or `failed` (the peer has gone, or the stream was closed).
    [[nodiscard]] task<transfer::status> send(stream& to, std::chrono::milliseconds patience);

private:
    void consume(std::size_t bytes) noexcept;

    std::array<iovec, capacity> pieces_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool failed_ = false;
};

} // namespace scopegate::net
