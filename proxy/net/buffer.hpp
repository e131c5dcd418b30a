// Memory for bytes on their way: pieces of a few sizes, pooled by each worker. A piece is held only while
// bytes lie in it, so that a connection costs what is really buffered for it.
#pragma once

#include "base/memory_budget.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace scopegate::net {

class buffer_pool;

// One piece of memory; goes back to its pool. Empty until buffer_pool::take() fills it.
class buffer final {
public:
    buffer() = default;
    buffer(buffer&& other) noexcept
        : pool_(other.pool_), bytes_(std::exchange(other.bytes_, nullptr)),
          size_(std::exchange(other.size_, 0)), place_(other.place_)
    {
    }
    buffer& operator=(buffer&& other) noexcept
    {
        reset();
        pool_ = other.pool_;
        bytes_ = std::exchange(other.bytes_, nullptr);
        size_ = std::exchange(other.size_, 0);
        place_ = other.place_;
        return *this;
    }
    ~buffer() { reset(); }

    void reset() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return size_ != 0; }
    [[nodiscard]] char* data() const noexcept { return bytes_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::span<char> bytes() const noexcept { return {bytes_, size_}; }

private:
    friend class buffer_pool;
    buffer(buffer_pool& pool, char* bytes, std::size_t size, std::size_t place) noexcept
        : pool_(&pool), bytes_(bytes), size_(size), place_(place)
    {
    }

    buffer_pool* pool_ = nullptr;
    char* bytes_ = nullptr;
    std::size_t size_ = 0;
    std::size_t place_ = 0; // among the pool's sizes
};

// Confined to its worker's thread; outlives its buffers. Counts what it has, spare pieces included.
class buffer_pool final {
public:
    // A slice of a body, with what frames it, is what the kernel makes one packet of (65,160 bytes at most,
    // of segments of 1,448). A slice of 64 KiB leaves a stump for a packet of its own, which costs as much as
    // a whole one: uploads took half as much time again.
    static constexpr std::size_t slice_bytes = 63UL * 1024;
    static constexpr std::size_t min_bytes = 4096;

    // Without an account nothing is counted, and no limit shrinks the slices.
    explicit buffer_pool(memory_account* account = nullptr) noexcept : account_(account) {}
    ~buffer_pool();
    buffer_pool(const buffer_pool&) = delete;
    buffer_pool& operator=(const buffer_pool&) = delete;

    // A piece of `at_least` so many bytes.
    [[nodiscard]] buffer take(std::size_t at_least);
    // A piece to read a body into, of `at_most` so many bytes (one of our sizes): the less memory is left,
    // the smaller.
    [[nodiscard]] buffer take_slice(std::size_t at_most = slice_bytes);
    // Memory to read into where nothing is held before bytes come: copy what it holds before the next call.
    [[nodiscard]] std::span<char> scratch()
    {
        if (!scratch_)
            scratch_ = take_of(sizes.size() - 1);
        return scratch_.bytes();
    }

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
    static constexpr std::array<std::size_t, 5> sizes{min_bytes, 8192, 16384, 32768, slice_bytes};
    static constexpr std::size_t max_spare = 64; // pieces of each size

    struct shelf {
        std::array<char*, max_spare> spare{};
        std::size_t count = 0;
        std::size_t unused = 0; // the smallest count since the last free_unused()
    };

    [[nodiscard]] buffer take_of(std::size_t place)
    {
        auto& from = shelves_[place];
        if (from.count == 0)
            return make(place, sizes[place]);
        auto* const taken = from.spare[--from.count];
        from.unused = std::min(from.unused, from.count);
        return {*this, taken, sizes[place], place};
    }
    [[nodiscard]] buffer make(std::size_t place, std::size_t size);
    void give(char* bytes, std::size_t size, std::size_t place) noexcept
    {
        if (place < sizes.size() && shelves_[place].count < max_spare && pressure() < memory_pressure::high)
            shelves_[place].spare[shelves_[place].count++] = bytes;
        else
            free(bytes, size);
    }
    void free(char* bytes, std::size_t size) noexcept;

    memory_account* account_;
    std::array<shelf, sizes.size()> shelves_;
    buffer scratch_;
};

inline void buffer::reset() noexcept
{
    if (size_ != 0)
        pool_->give(std::exchange(bytes_, nullptr), std::exchange(size_, 0), place_);
}

inline buffer buffer_pool::take_slice(std::size_t at_most)
{
    constexpr std::array<std::size_t, 4> places{4, 2, 0, 0}; // by pressure
    auto place = places[static_cast<std::size_t>(pressure())];
    while (place > 0 && sizes[place] > at_most)
        --place;
    return take_of(place);
}

} // namespace scopegate::net
