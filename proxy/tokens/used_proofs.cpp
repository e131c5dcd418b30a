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

// Never returns 0, which marks a free place.
std::uint64_t hash_of(const hash_key& key, std::string_view text) noexcept
{
    return std::max<std::uint64_t>(keyed_hash(key, text), 1);
}

} // namespace

std::size_t used_proofs::hash_counts::place_of(std::uint64_t hash) const noexcept
{
    auto at = hash & (places_.size() - 1);
    while (places_[at].first != 0 && places_[at].first != hash)
        at = (at + 1) & (places_.size() - 1);
    return at;
}

std::uint32_t used_proofs::hash_counts::of(std::uint64_t hash) const noexcept
{
    return places_.empty() ? 0 : places_[place_of(hash)].second;
}

void used_proofs::hash_counts::add(std::uint64_t hash)
{
    if (size_ + size_ / 4 >= places_.size())
        grow();
    auto& place = places_[place_of(hash)];
    size_ += place.first == 0 ? 1 : 0;
    place.first = hash;
    ++place.second;
}

void used_proofs::hash_counts::grow()
{
    std::vector<std::pair<std::uint64_t, std::uint32_t>> old(std::max<std::size_t>(places_.size() * 2, 16));
    old.swap(places_);
    for (const auto& kept : old)
        if (kept.first != 0)
            places_[place_of(kept.first)] = kept;
}

used_proofs::used_proofs(const bounds& most) : most_(most), key_(random_key()) {}

result<void> used_proofs::use(std::string_view thumbprint, std::string_view id, wall_time now)
{
    const auto current = now.time_since_epoch() / period_length;
    if (size() >= most_.all)
        forget_old_everywhere(current);

    const auto client = hash_of(key_, thumbprint);
    // A thumbprint contains no spaces, so no other pair makes this text. The chance of a false replay is 1 in
    // 10^12.
    const auto proof = hash_of(key_, std::string(thumbprint).append(" ").append(id));
    auto& at = shards_[client % shards_.size()];
    const std::lock_guard lock(at.mutex);
    forget_old(at, current);
    std::size_t of_client = 0;
    for (const auto& p : at.periods) {
        if (p.proofs.of(proof) != 0)
            return failure(reason::invalid_proof, cause::proof_used_before);
        of_client += p.keys.of(client);
    }
    if (of_client >= most_.of_key)
        return reason::proof_memory_full;
    if (size_.fetch_add(1, std::memory_order_relaxed) >= most_.all) {
        size_.fetch_sub(1, std::memory_order_relaxed);
        return reason::proof_memory_full;
    }
    // If the clock was set back, this place holds a later period, and the proof is remembered for longer.
    auto& into = at.periods[static_cast<std::size_t>(current) % period_count];
    into.number = std::max(into.number, current);
    into.keys.add(client);
    into.proofs.add(proof);
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
