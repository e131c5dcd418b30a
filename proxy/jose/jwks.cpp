#include "jose/jwks.hpp"

#include "base/json.hpp"
#include "jose/claims.hpp"
#include "jose/published_keys.hpp"

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
    if (begins.empty())
        return "the key set is not strict JSON: it is empty";
    if (begins.starts_with('<'))
        return "the key set is a web page, not strict JSON";
    return "the key set is not strict JSON";
}

// Some issuers publish a map from kid to PEM (Google, Firebase).
bool is_map_of_pem(const json::value& document)
{
    const auto* members = document.if_object();
    const auto is_text = [](const json::member& m) { return m.second.if_string() != nullptr; };
    return members != nullptr && !members->empty() &&
           std::all_of(members->begin(), members->end(), is_text) &&
           is_pem(*members->front().second.if_string());
}

std::string not_a_set(const json::value& document)
{
    if (document.find("kty") != nullptr)
        return R"(this is a single key; a key set is {"keys": [...]})";
    return R"(this is not a key set: it has no array "keys")";
}

std::string too_many_keys()
{
    return "the key set has more than " + std::to_string(max_jwk_set_keys) + " keys";
}

const std::string* text_of(const json::value& key, std::string_view name)
{
    const auto* member = key.find(name);
    return member != nullptr ? member->if_string() : nullptr;
}

// Returns the first key of a PEM text, whose other blocks may be the chain of its certificate. Fails with
// what is wrong with it.
boost::system::result<jwk, std::string> first_in_pem(std::string_view pem, const std::string& kid)
{
    constexpr std::size_t longest_chain = 8;
    auto found = keys_in_pem(pem, longest_chain);
    if (!found)
        return found.error();
    auto& first = found->front();
    if (!first.problem.empty())
        return first.problem;
    first.members.emplace_back("kid", json::value(kid));
    return jwk::parse(json::value(std::move(first.members)));
}

} // namespace

boost::system::result<jwk_set, std::string> jwk_set::parse(std::string_view text,
                                                           std::vector<std::string>& warnings)
{
    if (text.size() > max_jwk_set_bytes)
        return "the key set is longer than " + std::to_string(max_jwk_set_bytes) + " bytes";
    if (is_pem(text)) {
        jwk_set made;
        auto why = made.take_pem(text, warnings);
        if (why.empty())
            return made;
        return why;
    }
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
    const bool map = keys == nullptr && is_map_of_pem(*document);
    if (keys == nullptr && !map)
        return not_a_set(*document);
    if ((map ? document->if_object()->size() : keys->size()) > max_jwk_set_keys)
        return too_many_keys();
    jwk_set made;
    if (map)
        made.take_map(*document->if_object(), warnings);
    else
        made.take_keys(*keys, warnings);
    return made;
}

void jwk_set::refuse(const std::string* kid, std::string label, const std::string& why,
                     std::vector<std::string>& warnings)
{
    warnings.push_back(std::move(label.append(" is ignored: ").append(why)));
    if (kid != nullptr)
        refused_kids_.push_back(*kid);
}

void jwk_set::take_keys(const json::array& keys, std::vector<std::string>& warnings)
{
    for (std::size_t i = 0; i < keys.size(); ++i) {
        // A SPIFFE bundle has the trust domain's certificates too. They are not meant for tokens, so there is
        // nothing to warn of.
        if (const auto* use = text_of(keys[i], "use"); use != nullptr && *use == "x509-svid")
            continue;
        const auto* kid = text_of(keys[i], "kid");
        if (auto key = jwk::parse_published(without_nulls(keys[i])))
            keys_.push_back(std::move(*key));
        else
            refuse(kid, label(kid, i + 1), key.error(), warnings);
    }
}

void jwk_set::take_map(const json::object& by_kid, std::vector<std::string>& warnings)
{
    for (const auto& [kid, pem] : by_kid) {
        if (auto key = first_in_pem(*pem.if_string(), kid))
            keys_.push_back(std::move(*key));
        else
            refuse(&kid, label(&kid, 0), key.error(), warnings);
    }
}

// Returns why nothing can be taken, or an empty string.
std::string jwk_set::take_pem(std::string_view text, std::vector<std::string>& warnings)
{
    auto found = keys_in_pem(text, max_candidates);
    if (!found)
        return found.error();
    any_kid_ = true;
    for (auto& each : *found) {
        if (!each.problem.empty())
            refuse(nullptr, each.label, each.problem, warnings);
        else if (auto key = jwk::parse(json::value(std::move(each.members))))
            keys_.push_back(std::move(*key));
        else
            refuse(nullptr, each.label, key.error(), warnings);
    }
    return {};
}

jwk_set jwk_set::from_secret(const secret& octets)
{
    jwk_set made;
    made.keys_.push_back(jwk::from_secret(octets));
    made.any_kid_ = true;
    return made;
}

jwk_set::selection jwk_set::select(const std::optional<std::string>& kid, algorithm a,
                                   std::span<const std::string> issuers) const
{
    const bool by_kid = kid.has_value() && !any_kid_;
    const auto signs_for_others = [&](const jwk& key) {
        return key.issuer() && !issuers.empty() &&
               std::find(issuers.begin(), issuers.end(), *key.issuer()) == issuers.end();
    };
    bool known = false;
    selection out;
    for (const auto& key : keys_) {
        if ((by_kid && key.kid() != kid) || signs_for_others(key))
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
