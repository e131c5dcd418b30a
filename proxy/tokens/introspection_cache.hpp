// Caches recent introspection results by the token's digest, so that a leak of this memory reveals no token.
// Bounded. Not thread-safe: the owner's lock guards it.
#pragma once

#include "tokens/introspector.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <string_view>
#include <utility>

namespace scopegate::tokens {

using token_key = std::array<unsigned char, 32>;
// Returns the token's SHA-256. Throws std::bad_alloc if OpenSSL has no memory.
[[nodiscard]] token_key token_digest(std::string_view token);

class introspection_cache final {
public:
    introspection_cache(std::size_t results, std::size_t bytes) noexcept
        : max_results_(results), max_bytes_(bytes)
    {
    }

    // Returns null if no result is cached or it has expired.
    [[nodiscard]] introspection_ptr find(const token_key& key, wall_time now);
    // Stores a result, unless it has expired already. `bytes` is the size of the response's text.
    void insert(const token_key& key, const introspection_ptr& answer, std::size_t bytes, wall_time now);

    // Removes this result of the token; a later one stays.
    void forget(const token_key& key, const introspection_ptr& answer);

    [[nodiscard]] std::size_t size() const noexcept { return kept_.size(); }

private:
    struct entry {
        introspection_ptr answer;
        std::size_t bytes = 0;
        std::uint64_t number = 0; // of its insertion
    };
    void drop(const token_key& key);

    std::size_t max_results_;
    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    std::map<token_key, entry> kept_;
    std::uint64_t insertions_ = 0;
    // Results by number. Those that were replaced or forgotten are skipped.
    std::deque<std::pair<token_key, std::uint64_t>> oldest_first_;
};

} // namespace scopegate::tokens
