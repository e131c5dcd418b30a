#include "tokens/fair_queue.hpp"

namespace scopegate::tokens {

void fair_queue::resize(const client_network& client, std::size_t before, std::size_t now)
{
    by_length_.erase({before, client});
    if (now > 0)
        by_length_.emplace(now, client);
    else
        lines_.erase(client);
}

void fair_queue::push(const client_network& client, const token_key& token)
{
    auto& waiting = lines_[client];
    if (waiting.empty())
        turns_.push_back(client);
    waiting.push_back(token);
    resize(client, waiting.size() - 1, waiting.size());
}

std::optional<token_key> fair_queue::pop()
{
    while (!turns_.empty()) {
        const auto client = turns_.front();
        turns_.pop_front();
        const auto found = lines_.find(client);
        if (found == lines_.end())
            continue;
        const auto token = found->second.front();
        found->second.pop_front();
        const auto left = found->second.size();
        if (left > 0)
            turns_.push_back(client);
        resize(client, left + 1, left);
        return token;
    }
    return std::nullopt;
}

std::optional<fair_queue::place> fair_queue::evict_for(const client_network& client)
{
    if (by_length_.empty())
        return std::nullopt;
    const auto longest = by_length_.rbegin()->first;
    const auto owner = by_length_.rbegin()->second;
    const auto own = lines_.find(client);
    if (longest <= (own != lines_.end() ? own->second.size() : 0) + 1)
        return std::nullopt;
    auto& waiting = lines_[owner];
    const place taken{owner, waiting.back()};
    waiting.pop_back();
    resize(taken.client, longest, longest - 1);
    return taken;
}

void fair_queue::clear()
{
    lines_.clear();
    turns_.clear();
    by_length_.clear();
}

} // namespace scopegate::tokens
