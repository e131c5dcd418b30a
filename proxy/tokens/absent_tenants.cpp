#include "tokens/absent_tenants.hpp"

#include "tokens/introspection_cache.hpp"

namespace scopegate::tokens {

std::optional<failure> absent_tenants::why(std::string_view name, clock::time_point now) const
{
    const auto found = known_.find(token_digest(name));
    return found != known_.end() && now < found->second.until ? std::optional(found->second.why)
                                                              : std::nullopt;
}

void absent_tenants::note(std::string_view name, failure why, clock::time_point now)
{
    const bool definite = why == reason::unknown_issuer;
    const auto until = now + (definite ? bounds_.absent_for : bounds_.unreachable_for);
    const auto key = token_digest(name);
    if (!known_.insert_or_assign(key, absence{until, why}).second)
        return;
    in_order_.push_back(key);
    if (in_order_.size() <= bounds_.absent)
        return;
    known_.erase(in_order_.front());
    in_order_.pop_front();
}

} // namespace scopegate::tokens
