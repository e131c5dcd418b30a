#include "tokens/used_proofs.hpp"

#include "jose/dpop.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace scopegate::tokens {

static_assert(used_proofs::memory >= jose::max_proof_age + jose::max_proof_lead);

namespace {

hash_key random_key()
{
    std::random_device random;
    const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
    return {word(), word()};
}

} // namespace

used_proofs::used_proofs(const bounds& limits) : limits_(limits), key_(random_key()) {}

result<void> used_proofs::use(std::string_view thumbprint, std::string_view id, wall_time now)
{
    const auto current = now.time_since_epoch() / period_length;
    if (size() >= limits_.all)
        forget_old_everywhere(current);

    const auto client = keyed_hash(key_, thumbprint);
    // A thumbprint contains no spaces, so no other pair makes this text. The chance of a false replay is 1 in
    // 10^12.
    const auto proof = keyed_hash(key_, std::string(thumbprint).append(" ").append(id));
    auto& at = shards_[client % shards_.size()];
    const std::lock_guard lock(at.mutex);
    forget_old(at, current);
    std::size_t of_client = 0;
    for (const auto& p : at.periods) {
        if (p.proofs.contains(proof))
            return failure(reason::invalid_proof, cause::proof_used_before);
        if (const auto known = p.keys.find(client); known != p.keys.end())
            of_client += known->second;
    }
    if (of_client >= limits_.of_key)
        return reason::proof_memory_full;
    if (size_.fetch_add(1, std::memory_order_relaxed) >= limits_.all) {
        size_.fetch_sub(1, std::memory_order_relaxed);
        return reason::proof_memory_full;
    }
    // If the clock was set back, this place holds a later period, and the proof is remembered for longer.
    auto& into = at.periods[static_cast<std::size_t>(current) % period_count];
    into.number = std::max(into.number, current);
    ++into.keys[client];
    into.proofs.insert(proof);
    return {};
}

void used_proofs::forget_old(shard& at, std::int64_t current)
{
    for (auto& p : at.periods)
        if (p.number + static_cast<std::int64_t>(period_count) <= current) {
            size_.fetch_sub(p.proofs.size(), std::memory_order_relaxed);
            p = period{current, {}, {}};
        }
}

void used_proofs::forget_old_everywhere(std::int64_t current)
{
    for (auto& at : shards_) {
        const std::lock_guard lock(at.mutex);
        forget_old(at, current);
    }
}

} // namespace scopegate::tokens
