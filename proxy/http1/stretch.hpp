// Limits how much one transfer moves before other connections are served. Both sides of a body or a tunnel
// can be ready all the time, because a socket takes megabytes. Without a limit, the responses of 2,000
// clients that read nothing would all be copied first.
#pragma once

#include "net/stream.hpp"

#include <cstddef>
#include <span>

namespace scopegate::http1 {

class stretch final {
public:
    static constexpr std::size_t max_bytes = 128UL * 1024;

    // Reads from the stream. After `max_bytes` without a wait it returns would_block instead, and the
    // caller's wait for input then ends after other connections were served.
    [[nodiscard]] net::transfer read(net::stream& from, std::span<char> into) noexcept
    {
        return read(from, [&] { return from.read_some(into); });
    }
    // Does the same with another function that reads.
    template <typename Read>
    [[nodiscard]] net::transfer read(net::stream& from, const Read& read) noexcept
    {
        if (moved_ >= max_bytes) {
            moved_ = 0;
            from.read_later();
            return {net::transfer::status::would_block, 0};
        }
        const auto got = read();
        moved_ = got.how == net::transfer::status::done ? moved_ + got.bytes : 0;
        return got;
    }

private:
    std::size_t moved_ = 0; // without a wait for input
};

} // namespace scopegate::http1
