// Remembers which DPoP proofs were used recently, so that none is accepted twice (RFC 9449 section 11.1). All
// workers and policy snapshots share one memory. No proof is forgotten early: if the memory is full, a new
// proof is refused.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/hash.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace scopegate::tokens {

class used_proofs final {
public:
    // How many proofs are remembered at a time. `all` allows some 13,000 a second; it then takes 40 MiB (80
    // at worst, next to nothing when unused). `of_key` bounds the proofs of one key, so that a client that
    // floods the memory harms only its own requests.
    struct bounds {
        std::size_t all = 1U << 20;
        std::size_t of_key = 128U << 10;
    };
    // A proof is remembered at least this long, which covers the time in which it could be used again.
    static constexpr std::chrono::seconds memory{65};

    used_proofs() : used_proofs(bounds()) {}
    explicit used_proofs(const bounds& most);

    // Marks the proof `id` of the key with this thumbprint as used. Fails with invalid_proof if it was used
    // already; of two concurrent callers one is first. Fails with proof_memory_full if it can't be remembered
    // and so must not be accepted. Thread-safe; holds a lock for some 100 ns.
    [[nodiscard]] result<void> use(std::string_view thumbprint, std::string_view id, wall_time now);

    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    // Maps keyed 64-bit hashes to counts. A proof's count is 1; a key's count is the number of its proofs.
    // Open addressing. Entries are never erased one by one; a whole period is cleared at once.
    class hash_counts final {
    public:
        [[nodiscard]] std::uint32_t of(std::uint64_t hash) const noexcept;
        void add(std::uint64_t hash);
        [[nodiscard]] std::size_t size() const noexcept { return size_; }

    private:
        [[nodiscard]] std::size_t place_of(std::uint64_t hash) const noexcept;
        void grow();
        std::vector<std::pair<std::uint64_t, std::uint32_t>> places_; // 0: free
        std::size_t size_ = 0;
    };
    // The proofs used within one period; forgotten as a whole.
    struct period {
        std::int64_t number = 0;
        hash_counts proofs, keys;
    };
    static constexpr std::size_t period_count = 6;
    static constexpr std::chrono::seconds period_length = memory / (period_count - 1);
    struct shard {
        std::mutex mutex;
        std::array<period, period_count> periods;
    };

    void forget_old(shard& at, std::int64_t current);
    void forget_old_everywhere(std::int64_t current);

    const bounds most_;
    const hash_key key_;
    std::atomic<std::size_t> size_{0};
    std::array<shard, 16> shards_;
};

} // namespace scopegate::tokens
