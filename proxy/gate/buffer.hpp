// Memory for bytes on their way: pieces of a few sizes, pooled by each worker. A piece is held only while
// bytes lie in it, so that a connection costs what is really buffered for it.
#pragma once

#include "base/memory_budget.hpp"

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::gate {

class buffer_pool;

// One piece of memory; goes back to its pool. Empty until buffer_pool::take() fills it.
class buffer final {
public:
    buffer() = default;
    buffer(buffer&& other) noexcept
        : pool_(other.pool_), bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0))
    {
    }
    buffer& operator=(buffer&& other) noexcept
    {
        reset();
        pool_ = other.pool_;
        bytes_ = std::move(other.bytes_);
        size_ = std::exchange(other.size_, 0);
        return *this;
    }
    ~buffer() { reset(); }

    void reset() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return size_ != 0; }
    [[nodiscard]] char* data() const noexcept { return bytes_.get(); }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<char> bytes() const noexcept { return {bytes_.get(), size_}; }

private:
    friend class buffer_pool;
    buffer(buffer_pool& pool, std::unique_ptr<char[]> bytes, std::size_t size) noexcept
        : pool_(&pool), bytes_(std::move(bytes)), size_(size)
    {
    }

    buffer_pool* pool_ = nullptr;
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

// Confined to its worker's thread; outlives its buffers. Counts what it has, spare pieces included.
class buffer_pool final {
public:
    // A slice of a body, with what frames it, is what the kernel makes one packet of (65,160 bytes at most,
    // of segments of 1,448). A slice of 64 KiB leaves a stump for a packet of its own, which costs as much as
    // a whole one: uploads took half as much time again.
    static constexpr std::size_t slice_bytes = 63UL * 1024;
    static constexpr std::size_t least_bytes = 4096;

    // Without an account nothing is counted, and no limit shrinks the slices.
    explicit buffer_pool(memory_account* account = nullptr) : account_(account)
    {
        for (auto& spare : spare_)
            spare.reserve(spare_most); // so that giving back never allocates
    }

    // A piece of `at_least` so many bytes.
    [[nodiscard]] buffer take(std::size_t at_least);
    // A piece to read a body into: the less memory is left, the smaller.
    [[nodiscard]] buffer take_slice();
    // Memory to read into where nothing is held before bytes come: copy what it holds before the next call.
    [[nodiscard]] std::span<char> scratch();

    // How much memory is left.
    [[nodiscard]] memory_pressure pressure() const noexcept
    {
        return account_ == nullptr ? memory_pressure::low : account_->budget().pressure();
    }
    // Counts (or no longer counts) what belongs to requests beside these pieces.
    void count(std::size_t bytes) noexcept
    {
        if (account_ != nullptr)
            account_->take(bytes);
    }
    void uncount(std::size_t bytes) noexcept
    {
        if (account_ != nullptr)
            account_->give_back(bytes);
    }

    // Frees half of what has lain unused since the last call.
    void free_unused() noexcept;

private:
    friend class buffer;
    static constexpr std::array<std::size_t, 5> sizes{least_bytes, 8192, 16384, 32768, slice_bytes};
    static constexpr std::size_t spare_most = 64; // pieces of each size

    void give(std::unique_ptr<char[]> bytes, std::size_t size) noexcept;

    memory_account* account_;
    std::array<std::vector<std::unique_ptr<char[]>>, sizes.size()> spare_;
    std::array<std::size_t, sizes.size()> unused_{}; // the fewest spare pieces since the last free_unused()
    buffer scratch_;
};

inline void buffer::reset() noexcept
{
    if (size_ != 0)
        pool_->give(std::move(bytes_), std::exchange(size_, 0));
}

} // namespace scopegate::gate
