#include "jose/jwks.hpp"

#include "base/json.hpp"
#include "jose/claims.hpp"

#include <algorithm>

namespace scopegate::jose {

namespace {

// Returns the name of a key for warnings: its kid, or its position (from 1) if it has none.
std::string label(const std::string* kid, std::size_t position)
{
    constexpr std::size_t enough = 80;
    std::string out = "key ";
    if (kid != nullptr)
        json::append_quoted(out, std::string_view(*kid).substr(0, enough));
    else
        out += std::to_string(position);
    return out;
}

// Guesses from its first characters what the text is instead, to help an operator with the wrong file or URL.
std::string not_json(std::string_view text)
{
    const std::string_view begins = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    if (begins.starts_with("-----BEGIN "))
        return R"(this is PEM, but a key set is JSON: {"keys": [...]}. Convert the public key to a JWK)";
    if (begins.empty())
        return "the key set is not strict JSON: it is empty";
    if (begins.starts_with('<'))
        return "the key set is a web page, not strict JSON";
    return "the key set is not strict JSON";
}

// Some issuers also publish a map from kid to certificate (Google, Firebase).
std::string not_a_set(const json::value& document)
{
    if (document.find("kty") != nullptr)
        return R"(this is a single key; a key set is {"keys": [...]})";
    const auto* members = document.if_object();
    const auto* first =
        members != nullptr && !members->empty() ? members->front().second.if_string() : nullptr;
    if (first != nullptr && first->starts_with("-----BEGIN "))
        return R"(this is a map of PEM certificates, but a key set is {"keys": [...]}: use the issuer's JWKS URL)";
    return R"(this is not a key set: it has no array "keys")";
}

} // namespace

boost::system::result<jwk_set, std::string> jwk_set::parse(std::string_view text,
                                                           std::vector<std::string>& warnings)
{
    if (text.size() > max_jwk_set_bytes)
        return "the key set is longer than " + std::to_string(max_jwk_set_bytes) + " bytes";
    // One odd key must not disable the others (RFC 7517 section 5). A key with a duplicate member becomes
    // null and is then ignored.
    constexpr std::size_t depth = 64;
    const auto document =
        json::parse(text, {.bytes = max_jwk_set_bytes, .depth = depth, .duplicates_spoil_all = false});
    if (!document)
        return not_json(text);
    if (document->is_null())
        return std::string("the key set has a duplicate member");
    const auto* member = document->find("keys");
    const auto* keys = member != nullptr ? member->if_array() : nullptr;
    if (keys == nullptr)
        return not_a_set(*document);
    if (keys->size() > max_jwk_set_keys)
        return "the key set has more than " + std::to_string(max_jwk_set_keys) + " keys";

    jwk_set made;
    for (std::size_t i = 0; i < keys->size(); ++i) {
        auto key = jwk::parse(without_nulls((*keys)[i]));
        if (key) {
            made.keys_.push_back(std::move(*key));
            continue;
        }
        const auto* kid_member = (*keys)[i].find("kid");
        const auto* kid = kid_member != nullptr ? kid_member->if_string() : nullptr;
        warnings.push_back(label(kid, i + 1) + " is ignored: " + key.error());
        if (kid != nullptr)
            made.refused_kids_.push_back(*kid);
    }
    return made;
}

jwk_set jwk_set::from_secret(const secret& octets)
{
    jwk_set made;
    made.keys_.push_back(jwk::from_secret(octets));
    made.any_kid_ = true;
    return made;
}

jwk_set::selection jwk_set::select(const std::optional<std::string>& kid, algorithm a) const
{
    const bool by_kid = kid.has_value() && !any_kid_;
    bool known = !by_kid && !keys_.empty();
    selection out;
    for (const auto& key : keys_) {
        if (by_kid && key.kid() != kid)
            continue;
        known = true;
        if (const auto* fitting = key.verifier_for(a);
            fitting != nullptr && out.candidates.size() < max_candidates)
            out.candidates.push_back(fitting);
    }
    known = known ||
            (by_kid && std::find(refused_kids_.begin(), refused_kids_.end(), *kid) != refused_kids_.end());
    out.unknown_key = !known;
    return out;
}

std::vector<std::string> jwk_set::kids() const
{
    std::vector<std::string> all;
    for (const auto& key : keys_)
        if (key.kid())
            all.push_back(*key.kid());
    return all;
}

} // namespace scopegate::jose
