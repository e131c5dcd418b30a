// Collects pieces of memory that are written to a stream in order, in one system call: slices of a head,
// prepared lines, body data. Holds views only: the memory must stay valid until it is sent.
#pragma once

#include "net/stream.hpp"

#include <array>
#include <span>
#include <string_view>

#include <sys/uio.h>

namespace scopegate::net {

class gather final {
public:
    static constexpr std::size_t capacity = 64;

    // Adds a piece unless it is empty, and merges it with an adjacent one. Returns false if the gather is
    // full.
    bool add(std::string_view piece) noexcept;
    void clear() noexcept { first_ = count_ = 0; }
    [[nodiscard]] bool empty() const noexcept { return first_ == count_; }
    // Returns how many bytes are still to be sent.
    [[nodiscard]] std::size_t bytes() const noexcept;
    // Copies the unsent bytes into `into`, which has room for bytes(), and sends them from there.
    void move_to(std::span<char> into) noexcept;
    // Returns whether this many more pieces fit.
    [[nodiscard]] bool has_room(std::size_t pieces) const noexcept { return count_ + pieces <= capacity; }

    // Returns how many more pieces fit.
    [[nodiscard]] std::size_t room() const noexcept { return capacity - count_; }

    // Writes without waiting. Returns true if everything is sent; otherwise the rest stays here, unless the
    // peer is gone.
    [[nodiscard]] bool send_now(stream& to) noexcept;
    // Returns whether the last write found the peer gone.
    [[nodiscard]] bool has_failed() const noexcept { return failed_; }

private:
    void consume(std::size_t bytes) noexcept;

    std::array<iovec, capacity> pieces_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    bool failed_ = false;
};

} // namespace scopegate::net
