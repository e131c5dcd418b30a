// Remembers which DPoP proofs were used recently, so that none is accepted twice (RFC 9449 section 11.1). All
// workers and policy snapshots share one memory. No proof is forgotten early: if the memory is full, a new
// proof is refused.
#pragma once

#include "base/clock.hpp"
#include "base/errc.hpp"
#include "base/hash.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace scopegate::tokens {

class used_proofs final {
public:
    // How many proofs are remembered at a time. `all` allows some 13,000 a second; it then takes 17 MiB for
    // few keys, 60 at worst, and next to nothing when unused. `of_key` bounds the proofs of one key, so that
    // a client that floods the memory harms only its own requests.
    struct bounds {
        std::size_t all = 1U << 20;
        std::size_t of_key = 128U << 10;
    };
    // A proof is remembered at least this long, which covers the time in which it could be used again.
    static constexpr std::chrono::seconds memory{65};

    used_proofs() : used_proofs(bounds()) {}
    explicit used_proofs(const bounds& limits);

    // Marks the proof `id` of the key with this thumbprint as used. Fails with invalid_proof if it was used
    // already; of two concurrent callers one is first. Fails with proof_memory_full if it can't be remembered
    // and so must not be accepted. Thread-safe; holds a lock for some 100 ns.
    [[nodiscard]] result<void> use(std::string_view thumbprint, std::string_view id, wall_time now);

    [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

private:
    // The keys are keyed hashes already.
    struct identity_hash {
        using is_avalanching = void;
        std::size_t operator()(std::uint64_t hash) const noexcept { return hash; }
    };
    // The proofs used within one period; forgotten as a whole.
    struct period {
        std::int64_t number = 0;
        boost::unordered_flat_set<std::uint64_t, identity_hash> proofs;
        boost::unordered_flat_map<std::uint64_t, std::uint32_t, identity_hash>
            keys; // to the number of their proofs
    };
    static constexpr std::size_t period_count = 6;
    static constexpr std::chrono::seconds period_length = memory / (period_count - 1);
    struct shard {
        std::mutex mutex;
        std::array<period, period_count> periods;
    };

    void forget_old(shard& at, std::int64_t current);
    void forget_old_everywhere(std::int64_t current);

    const bounds limits_;
    const hash_key key_;
    std::atomic<std::size_t> size_{0};
    std::array<shard, 16> shards_;
};

} // namespace scopegate::tokens
