// Chooses the size of an upload's next slice. Bytes that an upstream is slow to take wait in our memory:
// slices begin small, and grow only while the client fills them and the upstream takes them. Pure.
#pragma once

#include "net/buffer.hpp"

#include <algorithm>
#include <cstddef>

namespace scopegate::http1 {

class slice_growth final {
public:
    // Not growing: every slice is the largest, for the body of a response.
    explicit slice_growth(bool grows) noexcept
        : least_(grows ? net::buffer_pool::least_bytes : net::buffer_pool::slice_bytes), next_(least_)
    {
    }

    [[nodiscard]] std::size_t next() const noexcept { return next_; }
    // A read gave so many bytes of a slice of that size.
    void filled(std::size_t bytes, std::size_t size) noexcept
    {
        constexpr std::size_t factor = 4;
        if (bytes == size)
            next_ = std::clamp(factor * size, next_, net::buffer_pool::slice_bytes);
    }
    // The upstream did not take all of it at once.
    void blocked() noexcept { next_ = least_; }

private:
    std::size_t least_;
    std::size_t next_;
};

} // namespace scopegate::http1
