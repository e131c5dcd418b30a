// JWK sets: whatever a key server sends, the limits hold. A usable key is found by its kid and only for its
// own algorithms. A private key is never taken for a public one.
#include "fuzz/fuzz.hpp"

#include "jose/base64url.hpp"
#include "jose/jwks.hpp"

#include <algorithm>

namespace jose = scopegate::jose;
namespace json = scopegate::json;
using scopegate::fuzz::check;

namespace {

void check_key(const json::value& members)
{
    const auto key = jose::jwk::parse(members);
    if (!key) {
        check(!key.error().empty());
        return;
    }
    for (const auto* hidden : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
        check(members.find(hidden) == nullptr);
    const auto print = jose::thumbprint(members);
    check(print && print->size() == 43 && jose::base64url_decode(*print).has_value());
    json::object turned(*members.if_object());
    std::reverse(turned.begin(), turned.end());
    check(jose::thumbprint(json::value(turned)) == print);
    for (std::size_t i = 0; i < jose::algorithm_count; ++i) {
        const auto a = static_cast<jose::algorithm>(i);
        if (key->verifier_for(a) == nullptr)
            continue;
        check(!jose::is_symmetric(a));
        if (const auto* alg = members.find("alg"))
            check(alg->if_string() != nullptr && *alg->if_string() == jose::name(a));
    }
}

void check_set(const jose::jwk_set& set, const json::array& keys)
{
    check(set.size() <= keys.size() && set.size() <= jose::max_jwk_set_keys);
    std::vector<std::optional<std::string>> kids = {std::nullopt, "no such key"};
    for (const auto& key : keys) {
        check_key(key);
        if (const auto* kid = key.find("kid"); kid != nullptr && kid->if_string() != nullptr)
            kids.emplace_back(*kid->if_string());
    }
    for (const auto& kid : kids)
        for (std::size_t i = 0; i < jose::algorithm_count; ++i) {
            const auto chosen = set.select(kid, static_cast<jose::algorithm>(i));
            check(chosen.candidates.size() <= std::min(set.size(), jose::max_candidates));
            check(std::find(chosen.candidates.begin(), chosen.candidates.end(), nullptr) ==
                  chosen.candidates.end());
            check(!chosen.unknown_key || chosen.candidates.empty());
            check(!set.empty() || kid.has_value() || chosen.unknown_key);
        }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    const auto text = scopegate::fuzz::text_of(bytes, size);
    std::vector<std::string> warnings;
    const auto set = jose::jwk_set::parse(text, warnings);
    for (const auto& w : warnings)
        check(!w.empty());
    if (!set) {
        check(!set.error().empty());
        return 0;
    }
    // Parses in the same way as the set does: a key with a duplicate member becomes null, and the others
    // stay.
    const auto parsed =
        json::parse(text, {.bytes = jose::max_jwk_set_bytes, .depth = 64, .duplicates_spoil_all = false});
    const auto* member = parsed ? parsed->find("keys") : nullptr;
    const auto* keys = member != nullptr ? member->if_array() : nullptr;
    if (keys == nullptr) { // PEM, or a map of it
        check(set->size() <= jose::max_jwk_set_keys);
        return 0;
    }
    const auto skipped = std::count_if(keys->begin(), keys->end(), [](const json::value& key) {
        const auto* use = key.find("use");
        return use != nullptr && use->if_string() != nullptr && *use->if_string() == "x509-svid";
    });
    check(set->size() + warnings.size() + static_cast<std::size_t>(skipped) >= keys->size());
    check_set(*set, *keys);
    return 0;
}
