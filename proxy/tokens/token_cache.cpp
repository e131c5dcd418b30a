#include "tokens/token_cache.hpp"

#include <algorithm>
#include <limits>
#include <random>

namespace scopegate::tokens {

namespace {

constexpr std::size_t first_slots = 64;

// Returns how much memory the C library uses for an allocation of `bytes`.
constexpr std::size_t block_of(std::size_t bytes) noexcept
{
    return std::max<std::size_t>((bytes + sizeof(std::size_t) + 15) / 16 * 16, 32);
}

std::size_t text_block(std::size_t capacity) noexcept
{
    return capacity > std::string().capacity() ? block_of(capacity + 1) : 0;
}

std::size_t heap_of(const std::string& s) noexcept
{
    return text_block(s.capacity());
}

std::size_t heap_of(const json::value& v) noexcept
{
    std::size_t sum = 0;
    if (const auto text = v.scalar_text())
        sum += text_block(text->size());
    if (const auto* items = v.if_array()) {
        sum += block_of(items->capacity() * sizeof(json::value));
        for (const auto& item : *items)
            sum += heap_of(item);
    }
    if (const auto* members = v.if_object()) {
        sum += block_of(members->capacity() * sizeof(json::member));
        for (const auto& [name, member] : *members)
            sum += heap_of(name) + heap_of(member);
    }
    return sum;
}

// A set holds one bit per scope up to its highest. The first 128 bits lie in the set itself.
std::size_t heap_of(const policy::scope_set& scopes) noexcept
{
    std::size_t words = 0;
    scopes.for_each([&](policy::scope_id id) { words = static_cast<std::size_t>(id) / 64 + 1; });
    return words > 2 ? block_of(2 * (words - 2) * sizeof(std::uint64_t)) : 0;
}

std::size_t heap_of(const validated_token& t) noexcept
{
    std::size_t sum = block_of(sizeof(t)) + heap_of(t.claims) + heap_of(t.identity_lines) +
                      heap_of(t.bound_to.key) + heap_of(t.bound_to.certificate) + heap_of(t.subject) +
                      heap_of(t.client_id) + heap_of(t.issuer_name);
    sum += heap_of(t.scopes.token) + heap_of(t.scopes.effective);
    if (t.undeclared_scopes.capacity() > 0)
        sum += block_of(t.undeclared_scopes.capacity() * sizeof(std::string));
    for (const auto& scope : t.undeclared_scopes)
        sum += heap_of(scope);
    return sum;
}

hash_key random_key()
{
    std::random_device random;
    const auto word = [&] { return (std::uint64_t{random()} << 32) | random(); };
    return {word(), word()};
}

} // namespace

token_cache::token_cache(std::size_t bytes, std::size_t key_sources, memory_account* account)
    : hash_(random_key()), limit_(std::min<std::size_t>(bytes, std::numeric_limits<std::uint32_t>::max())),
      account_(account), slots_(first_slots), generation_(key_sources)
{
    recount();
}

token_cache::~token_cache()
{
    if (account_ != nullptr)
        account_->give_back(counted_);
}

std::size_t token_cache::bytes() const noexcept
{
    return entry_bytes_ + slots_.capacity() * sizeof(slot) + entries_.capacity() * sizeof(entry) +
           free_.capacity() * sizeof(std::uint32_t);
}

void token_cache::recount() noexcept
{
    if (account_ == nullptr)
        return;
    const auto now = bytes();
    if (now > counted_)
        account_->take(now - counted_);
    else
        account_->give_back(counted_ - now);
    counted_ = now;
}

void token_cache::close() noexcept
{
    limit_ = 0;
    std::vector<entry>().swap(entries_);
    std::vector<std::uint32_t>().swap(free_);
    std::fill(slots_.begin(), slots_.end(), slot{});
    slots_.resize(first_slots);
    slots_.shrink_to_fit();
    entry_bytes_ = count_ = hand_ = 0;
    recount();
}

bool token_cache::is_stale(const entry& e, wall_time now) const noexcept
{
    return now >= e.expires || e.generation != generation_[e.key_source];
}

// Hashes the whole token. The end alone would suffice for signed tokens, but opaque ones may share it (a
// footer, a suffix). Thousands of them in one probe sequence would turn every lookup into a linear search.
token_ptr token_cache::find(std::string_view token, wall_time now) noexcept
{
    const auto tag = static_cast<std::uint32_t>(hash_(token));
    for (auto i = tag & (slots_.size() - 1); slots_[i].place != 0; i = next(i)) {
        if (slots_[i].tag != tag)
            continue;
        auto& e = entries_[slots_[i].place - 1];
        if (e.bytes != token)
            continue;
        if (is_stale(e, now)) {
            drop_slot(i);
            return nullptr;
        }
        if (e.used == 0)
            e.used = 1;
        return e.token;
    }
    return nullptr;
}

void token_cache::insert(std::string_view token, const token_ptr& what, wall_time now, wall_time until)
{
    const auto cost = text_block(token.size()) + heap_of(*what);
    if (!make_room(cost, now))
        return;
    if ((count_ + 1) * 2 > slots_.size())
        grow();
    if (free_.empty()) {
        entries_.emplace_back();
        free_.reserve(entries_.capacity()); // forgetting must never allocate
        free_.push_back(static_cast<std::uint32_t>(entries_.size()));
    }
    const auto place = free_.back();
    auto& e = entries_[place - 1];
    e.bytes.assign(token);
    free_.pop_back();
    e.token = what;
    e.expires = std::min(what->expires, until);
    e.tag = static_cast<std::uint32_t>(hash_(token));
    e.generation = generation_[what->key_source];
    e.cost = static_cast<std::uint32_t>(cost);
    e.key_source = static_cast<std::uint32_t>(what->key_source) & 0x7fff'ffff;
    e.used = 0; // tokens used once must not evict tokens used often
    link(e.tag, place);
    entry_bytes_ += cost;
    ++count_;
    recount();
}

// Evicts entries until one of this cost fits, counting any growth of the tables. Returns false if it does not
// fit even into an empty cache.
bool token_cache::make_room(std::size_t cost, wall_time now) noexcept
{
    if (bytes() - entry_bytes_ + cost > limit_)
        return false;
    for (;;) {
        auto needed = bytes() + cost;
        if ((count_ + 1) * 2 > slots_.size())
            needed += slots_.size() * sizeof(slot);
        if (free_.empty() && entries_.size() == entries_.capacity())
            needed += std::max<std::size_t>(entries_.capacity(), 1) * (sizeof(entry) + sizeof(std::uint32_t));
        if (needed <= limit_)
            return true;
        if (count_ == 0)
            return false;
        evict_one(now);
    }
}

void token_cache::link(std::uint32_t tag, std::uint32_t place) noexcept
{
    auto i = tag & (slots_.size() - 1);
    while (slots_[i].place != 0)
        i = next(i);
    slots_[i] = {tag, place};
}

// Empties a slot, and moves up later ones that linear probing would no longer reach.
void token_cache::unlink(std::size_t hole) noexcept
{
    const auto mask = slots_.size() - 1;
    for (auto i = next(hole); slots_[i].place != 0; i = next(i)) {
        const auto home = slots_[i].tag & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue;
        slots_[hole] = slots_[i];
        hole = i;
    }
    slots_[hole] = {};
}

void token_cache::drop_slot(std::size_t at) noexcept
{
    const auto place = slots_[at].place;
    unlink(at);
    auto& e = entries_[place - 1];
    entry_bytes_ -= e.cost;
    --count_;
    e = entry{};
    free_.push_back(place);
    recount();
}

void token_cache::grow()
{
    std::vector<slot> larger(slots_.size() * 2);
    slots_.swap(larger);
    for (const auto& s : larger)
        if (s.place != 0)
            link(s.tag, s.place);
}

// Advances the CLOCK hand: an entry that was used since the hand last passed is spared once. The hand moves
// past the entry that it evicts. Otherwise the next token, which takes that place, would be evicted first.
void token_cache::evict_one(wall_time now) noexcept
{
    for (;;) {
        const auto here = hand_;
        hand_ = (hand_ + 1) % entries_.size();
        auto& e = entries_[here];
        if (!e.token)
            continue;
        if (e.used != 0 && !is_stale(e, now)) {
            e.used = 0;
            continue;
        }
        auto i = e.tag & (slots_.size() - 1);
        while (slots_[i].place != here + 1)
            i = next(i);
        drop_slot(i);
        return;
    }
}

} // namespace scopegate::tokens
