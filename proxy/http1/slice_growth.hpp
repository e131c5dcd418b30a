// Chooses the size of an upload's next slice. Bytes that the upstream is slow to take occupy our memory, so
// slices begin small, and grow only while the client fills them and the upstream takes them. Pure.
#pragma once

#include "net/buffer.hpp"

#include <algorithm>
#include <cstddef>

namespace scopegate::http1 {

class slice_growth final {
public:
    // Without `grows`, as for responses, every slice has the maximum size.
    explicit slice_growth(bool grows) noexcept
        : smallest_(grows ? net::buffer_pool::min_bytes : net::buffer_pool::slice_bytes), next_(smallest_)
    {
    }

    [[nodiscard]] std::size_t next() const noexcept { return next_; }
    // Notes that a read put `bytes` into a slice of `size` bytes.
    void filled(std::size_t bytes, std::size_t size) noexcept
    {
        constexpr std::size_t factor = 4;
        if (bytes == size)
            next_ = std::clamp(factor * size, next_, net::buffer_pool::slice_bytes);
    }
    // Notes that the upstream did not take all of it at once.
    void blocked() noexcept { next_ = smallest_; }

private:
    std::size_t smallest_;
    std::size_t next_;
};

} // namespace scopegate::http1
