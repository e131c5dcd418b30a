#include "tokens/proof_window.hpp"

#include "jose/dpop.hpp"

#include <algorithm>

namespace scopegate::tokens {

void proof_window::open(wall_time now) noexcept
{
    first_ = (now + jose::max_proof_lead).time_since_epoch().count();
}

void proof_window::share() noexcept
{
    demanded_until_ = always;
}

void proof_window::unshare(wall_time now) noexcept
{
    open(now);
    demanded_until_ = (now + jose::max_proof_age).time_since_epoch().count();
}

void proof_window::close(wall_time now) noexcept
{
    last_ = std::min(last_.load(), (now + jose::max_proof_lead).time_since_epoch().count());
}

bool proof_window::needs_nonce(wall_time issued, wall_time now) const noexcept
{
    const auto at = issued.time_since_epoch().count();
    return at <= first_ || at > last_ || now.time_since_epoch().count() < demanded_until_;
}

} // namespace scopegate::tokens
