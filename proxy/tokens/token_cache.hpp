// The claims of tokens that were validated before, by the token's own bytes. Confined to one worker's thread,
// bounded in bytes. A hit costs one keyed hash, one comparison of the token, no allocation; with thousands of
// tokens in turn the table stays small (8 bytes for each) and what a hit touches lies close together.
// Remembers claims, never decisions.
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
    // `bytes` bounds what the cache holds: its tables, tokens, claims, scopes, identity lines. 0: nothing is
    // remembered. `account` counts what is held; null: nobody does.
    token_cache(std::size_t bytes, std::size_t issuers, memory_account* account = nullptr);
    ~token_cache();
    token_cache(const token_cache&) = delete;
    token_cache& operator=(const token_cache&) = delete;

    // What was remembered for these very bytes, or null; from `expires` on it is forgotten.
    [[nodiscard]] token_ptr find(std::string_view token, wall_time now) noexcept;
    // Remembers a token that find did not know, until it expires or `until`. Makes room by dropping what is
    // stale or was not asked for lately; one that would fill the whole cache alone is not remembered.
    void insert(std::string_view token, const token_ptr& what, wall_time now,
                wall_time until = wall_time::max());
    // Forgets everything, and remembers nothing from now on.
    void close() noexcept;
    // Forgets all of one issuer's tokens, at once and in constant time.
    void drop_issuer(std::size_t issuer) noexcept { ++generation_[issuer]; }

    [[nodiscard]] std::size_t size() const noexcept
    {
        return count_;
    } // entries, forgotten ones not yet swept included
    // Returns how much the cache holds now.
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    struct entry {
        std::string bytes;
        token_ptr token; // null: a free place
        wall_time expires;
        std::uint32_t tag = 0;        // the hash's lower half: gives the home slot
        std::uint32_t generation = 0; // of its issuer when it came
        std::uint32_t cost = 0;
        std::uint16_t issuer = 0;
        bool used = false; // asked for since the hand last passed
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
    std::size_t entry_bytes_ = 0; // what entries hold outside the tables
    memory_account* account_;
    std::size_t counted_ = 0; // of bytes(), in the account
    std::size_t count_ = 0;
    std::size_t hand_ = 0;    // of the clock that chooses what goes (CLOCK, second chance)
    std::vector<slot> slots_; // open addressing, linear probing, a power of two
    std::vector<entry> entries_;
    std::vector<std::uint32_t> free_;       // places in entries_
    std::vector<std::uint32_t> generation_; // by issuer
};

} // namespace scopegate::tokens
