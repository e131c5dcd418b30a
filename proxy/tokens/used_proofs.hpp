// Which DPoP proofs were used lately, so that none counts twice (RFC 9449 section 11.1): one memory for all
// workers and policy generations. Nothing in it is ever given up before its time; where it is full, a new
// proof is refused.
#pragma once

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/reason.hpp"

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
    // How many proofs are remembered at a time: in all (some 13,000 a second; 40 MiB then, at worst 80, and
    // next to nothing without use), and of one key, so that a client which floods it spoils its own requests
    // only.
    struct bounds {
        std::size_t all = 1U << 20;
        std::size_t of_key = 128U << 10;
    };
    // They are remembered for at least this long: as long as a proof could be used again.
    static constexpr std::chrono::seconds memory{65};

    used_proofs() : used_proofs(bounds()) {}
    explicit used_proofs(const bounds& most);

    // Marks the proof `id` of the key with this thumbprint as used: allowed. invalid_proof: it was already
    // (two threads may ask at once: one of them is first). proof_memory_full: it can't be remembered, so it
    // must not count. Thread-safe; holds a lock for some 100 ns.
    [[nodiscard]] reason use(std::string_view thumbprint, std::string_view id, wall_time now);

    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    // Keyed 64-bit hashes with a count each: of proofs (1) and of keys (how many of their proofs). Open
    // addressing; nothing is taken out but all.
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
    // What was used within one period; forgotten as a whole.
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
