// The memory that the process may use (`server.limits.memory`), and the memory that it uses. Each thread
// counts in its own account, which settles with the budget in batches. So counting costs an addition, and
// reading the sum costs a few loads. The rest (code, policy, free pages of the heap) is measured several
// times per second.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace scopegate {

enum class memory_pressure : std::uint8_t {
    low,
    raised, // half of the limit: buffers stay small
    high,   // 80 %: idle connections are closed
    full,   // 100 %: new requests are refused
};

// Thread-safe.
class memory_budget final {
public:
    static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

    void set_limit(std::size_t bytes) noexcept { limit_.store(bytes, std::memory_order_relaxed); }
    [[nodiscard]] std::size_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }

    // Sets the memory that the process uses but no account counts.
    void set_uncounted(std::size_t bytes) noexcept { uncounted_.store(bytes, std::memory_order_relaxed); }

    // Returns the sum of all accounts. Each may lag behind by up to memory_account::batch.
    [[nodiscard]] std::size_t counted() const noexcept
    {
        return static_cast<std::size_t>(
            std::max<std::ptrdiff_t>(counted_.load(std::memory_order_relaxed), 0));
    }
    [[nodiscard]] std::size_t held() const noexcept
    {
        return counted() + uncounted_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] memory_pressure pressure() const noexcept
    {
        const auto most = limit();
        if (most == unlimited)
            return memory_pressure::low;
        const auto now = held();
        return now >= most                       ? memory_pressure::full
               : now >= share_that_is_high(most) ? memory_pressure::high
               : now >= most / 2                 ? memory_pressure::raised
                                                 : memory_pressure::low;
    }
    // Returns how many bytes must be freed until the pressure is no longer high.
    [[nodiscard]] std::size_t excess() const noexcept
    {
        const auto most = limit();
        const auto now = held();
        return most == unlimited || now < share_that_is_high(most) ? 0 : now - share_that_is_high(most) + 1;
    }

private:
    friend class memory_account;
    static constexpr std::size_t share_that_is_high(std::size_t limit) noexcept { return limit / 5 * 4; }

    std::atomic<std::size_t> limit_{unlimited};
    std::atomic<std::size_t> uncounted_{0};
    alignas(64) std::atomic<std::ptrdiff_t> counted_{0};
};

// Confined to one thread. The destructor returns everything to the budget.
class memory_account final {
public:
    // The budget is updated in steps of this size.
    static constexpr std::ptrdiff_t batch = 64L * 1024;

    explicit memory_account(memory_budget& budget) noexcept : budget_(budget) {}
    memory_account(const memory_account&) = delete;
    memory_account& operator=(const memory_account&) = delete;
    ~memory_account() { budget_.counted_.fetch_sub(settled_, std::memory_order_relaxed); }

    void take(std::size_t bytes) noexcept { change(static_cast<std::ptrdiff_t>(bytes)); }
    void give_back(std::size_t bytes) noexcept { change(-static_cast<std::ptrdiff_t>(bytes)); }

    [[nodiscard]] const memory_budget& budget() const noexcept { return budget_; }

private:
    void change(std::ptrdiff_t bytes) noexcept
    {
        unsettled_ += bytes;
        if (unsettled_ > -batch && unsettled_ < batch)
            return;
        budget_.counted_.fetch_add(unsettled_, std::memory_order_relaxed);
        settled_ += unsettled_;
        unsettled_ = 0;
    }

    memory_budget& budget_;
    std::ptrdiff_t settled_ = 0;
    std::ptrdiff_t unsettled_ = 0;
};

} // namespace scopegate
