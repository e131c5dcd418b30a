#include "tokens/introspection_cache.hpp"

#include <openssl/evp.h>

#include <new>

namespace scopegate::tokens {

token_key token_digest(std::string_view token)
{
    token_key digest{};
    if (EVP_Digest(token.data(), token.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1)
        throw std::bad_alloc();
    return digest;
}

introspection_ptr introspection_cache::find(const token_key& key, wall_time now)
{
    const auto found = kept_.find(key);
    if (found == kept_.end() || now >= found->second.answer->until)
        return nullptr;
    return found->second.answer;
}

void introspection_cache::insert(const token_key& key, const introspection_ptr& answer, std::size_t bytes,
                                 wall_time now)
{
    if (now >= answer->until || bytes > max_bytes_)
        return;
    drop(key);
    kept_[key] = {answer, bytes, ++insertions_};
    bytes_ += bytes;
    oldest_first_.emplace_back(key, insertions_);
    while (!oldest_first_.empty()) {
        const auto& [old, number] = oldest_first_.front();
        const auto found = kept_.find(old);
        const bool replaced = found == kept_.end() || found->second.number != number;
        const bool room =
            kept_.size() <= max_results_ && bytes_ <= max_bytes_ && oldest_first_.size() <= 2 * max_results_;
        if (!replaced && room && now < found->second.answer->until)
            return;
        if (!replaced)
            drop(old);
        oldest_first_.pop_front();
    }
}

void introspection_cache::forget(const token_key& key, const introspection_ptr& answer)
{
    const auto found = kept_.find(key);
    if (found != kept_.end() && found->second.answer == answer)
        drop(key);
}

void introspection_cache::drop(const token_key& key)
{
    const auto found = kept_.find(key);
    if (found == kept_.end())
        return;
    bytes_ -= found->second.bytes;
    kept_.erase(found);
}

} // namespace scopegate::tokens
