// How much one transfer moves before other connections have their turn. Both sides of a body or a tunnel may
// be ready for as long as it lasts: a socket takes megabytes, and 2,000 clients that read nothing would have
// their responses copied there before anybody else was served. Pure.
#pragma once

#include "net/stream.hpp"

#include <cstddef>
#include <span>

namespace scopegate::gate {

class stretch final {
public:
    static constexpr std::size_t most_bytes = 128UL * 1024;

    // Reads from the stream, or, where the stretch is over, begins the next one: then it says would_block,
    // and the wait for input ends when others had their turn.
    [[nodiscard]] net::transfer read(net::stream& from, std::span<char> into) noexcept
    {
        return read(from, [&] { return from.read_some(into); });
    }
    // The same with another way to read.
    template <typename Read>
    [[nodiscard]] net::transfer read(net::stream& from, const Read& read) noexcept
    {
        if (moved_ >= most_bytes) {
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

} // namespace scopegate::gate
