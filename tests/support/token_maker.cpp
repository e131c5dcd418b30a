#include "support/token_maker.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <vector>

namespace scopegate::test {

namespace {

// Each new RSA key takes noticeable time. A ring makes one when it is first needed, and signs with it by
// every RSA algorithm.
class key_ring final {
public:
    const jose::signing_key& operator[](jose::algorithm a)
    {
        const std::lock_guard lock(mutex_);
        auto& slot = slot_of(a);
        if (slot)
            return *slot;
        const bool rsa = a <= jose::algorithm::ps512;
        auto& first = slot_of(rsa ? jose::algorithm::rs256 : a);
        if (!first)
            first = jose::signing_key::generate(rsa ? jose::algorithm::rs256 : a);
        if (!slot)
            slot = jose::signing_key::from_pem(first->private_pem(), a);
        return *slot;
    }

private:
    std::optional<jose::signing_key>& slot_of(jose::algorithm a)
    {
        return keys_[static_cast<std::size_t>(a)];
    }

    std::mutex mutex_;
    std::array<std::optional<jose::signing_key>, jose::algorithm_count> keys_;
};

} // namespace

const jose::signing_key& key_for(jose::algorithm a)
{
    static key_ring ring;
    return ring[a];
}

const jose::signing_key& other_key_for(jose::algorithm a)
{
    static key_ring ring;
    return ring[a];
}

std::string make_token(std::string_view claims, jose::algorithm a, const json::object& extras)
{
    return jose::sign_compact(key_for(a), claims, extras);
}

std::string make_token(std::string_view claims, const jose::signing_key& key, const json::object& extras)
{
    return jose::sign_compact(key, claims, extras);
}

std::string jwk_set_text(std::initializer_list<jose::algorithm> algorithms)
{
    std::vector<jose::signing_key> keys;
    for (const auto a : algorithms)
        keys.push_back(key_for(a));
    return jose::public_jwk_set(keys);
}

std::shared_ptr<const jose::jwk_set> keys_for(std::initializer_list<jose::algorithm> algorithms)
{
    if (algorithms.size() == 1 && jose::is_symmetric(*algorithms.begin()))
        return std::make_shared<const jose::jwk_set>(
            jose::jwk_set::from_secret(key_for(*algorithms.begin()).shared_secret()));
    std::vector<std::string> warnings;
    auto keys = jose::jwk_set::parse(jwk_set_text(algorithms), warnings);
    if (!keys || !warnings.empty())
        throw std::logic_error("our own key set does not parse");
    return std::make_shared<const jose::jwk_set>(std::move(*keys));
}

} // namespace scopegate::test
