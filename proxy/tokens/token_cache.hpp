// Caches the claims of validated tokens, keyed by the token's bytes. Confined to one worker's thread and
// bounded in bytes. A hit costs one keyed hash and one comparison of the token, and no allocation. With
// thousands of tokens in use the table stays small (8 bytes per token), and the data that a hit touches lies
// close together. Caches claims, never decisions.
#pragma once

#include "base/memory_budget.hpp"
#include "base/universal_hash.hpp"
#include "tokens/validator.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scopegate::tokens {

class token_cache final {
public:
    // `bytes` bounds the cache's memory: tables, tokens, claims, scopes, identity lines. With 0 nothing is
    // cached. `account`, unless null, is charged for it.
    token_cache(std::size_t bytes, std::size_t key_sources, memory_account* account = nullptr);
    ~token_cache();
    token_cache(const token_cache&) = delete;
    token_cache& operator=(const token_cache&) = delete;

    // Returns the entry for exactly these bytes, or null. An entry is dropped when it expires.
    [[nodiscard]] token_ptr find(std::string_view token, wall_time now) noexcept;
    // Inserts a token that find() did not return, until it expires or until `until`. Makes room by evicting
    // stale and least recently used entries. A token larger than the whole cache is not inserted.
    void insert(std::string_view token, const token_ptr& what, wall_time now,
                wall_time until = wall_time::max());
    // Drops all entries and caches nothing from now on.
    void close() noexcept;
    // Drops all tokens that one set of keys verified, an issuer's or a tenant's, at once and in constant
    // time.
    void drop_key_source(std::size_t source) noexcept { ++generation_[source]; }

    // Returns the number of entries, including dropped ones that are not yet swept.
    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    // Returns the present memory use.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct entry {
        std::string bytes;
        token_ptr token; // null: a free entry
        wall_time expires;
        std::uint32_t tag = 0;        // the hash's lower half, which selects the home slot
        std::uint32_t generation = 0; // that of its keys when it was inserted
        std::uint32_t cost = 0;
        std::uint32_t key_source : 31 = 0;
        std::uint32_t used : 1 = 0; // since the hand last passed
    };
    struct slot {
        std::uint32_t tag = 0;
        std::uint32_t place = 0; // index into entries_ + 1; 0: empty
    };

    [[nodiscard]] bool is_stale(const entry& e, wall_time now) const noexcept;
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }
    void link(std::uint32_t tag, std::uint32_t place) noexcept;
    void unlink(std::size_t hole) noexcept;
    void drop_slot(std::size_t at) noexcept;
    void grow();
    void evict_one(wall_time now) noexcept;
    [[nodiscard]] bool make_room(std::size_t cost, wall_time now) noexcept;
    void recount() noexcept;

    universal_hash hash_;
    std::size_t limit_;
    std::size_t entry_bytes_ = 0; // memory that entries own outside the tables
    memory_account* account_;
    std::size_t counted_ = 0; // the part of bytes() that is charged to the account
    std::size_t count_ = 0;
    std::size_t hand_ = 0;    // of the CLOCK (second chance) eviction
    std::vector<slot> slots_; // open addressing, linear probing, a power of two
    std::vector<entry> entries_;
    std::vector<std::uint32_t> free_;       // free places in entries_
    std::vector<std::uint32_t> generation_; // by key source
};

} // namespace scopegate::tokens
