#include "jose/jws.hpp"

#include "base/text.hpp"
#include "jose/base64url.hpp"

#include <algorithm>

namespace scopegate::jose {

namespace {

constexpr auto encrypted_dots = 4; // of a compact JWE (RFC 7516 section 7.1)

// Returns whether brackets outside of strings are nested deeper than a token may be.
bool is_too_deep(std::string_view text) noexcept
{
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string && c == '\\')
            ++i;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            ++depth;
        else if (!in_string && (c == '}' || c == ']') && depth > 0)
            --depth;
        if (depth > max_token_depth)
            return true;
    }
    return false;
}

// Parses a part as a JSON object. Every failure is malformed_token. The cause names the broken rule.
result<json::value> parse_object(std::string_view text, cause otherwise)
{
    json::limits limits{.bytes = text.size(), .depth = max_token_depth};
    auto object = json::parse(text, limits);
    if (object && object->if_object() != nullptr)
        return std::move(*object);
    if (!object) {
        limits.duplicates_spoil_all = false;
        if (is_too_deep(text))
            otherwise = cause::token_too_deep;
        else if (json::parse(text, limits))
            otherwise = cause::token_duplicate_member;
    }
    return failure{reason::malformed_token, otherwise};
}

// Reads a header member that must be a string if present. Returns false if it has another type.
bool take_string(const json::value& header, std::string_view name, std::optional<std::string>& out)
{
    const auto* member = header.find(name);
    if (member == nullptr)
        return true;
    const auto* text = member->if_string();
    if (text == nullptr)
        return false;
    out = *text;
    return true;
}

result<protected_header> parse_header(std::string_view text)
{
    auto members = parse_object(text, cause::token_header_not_json);
    if (!members)
        return members.error();
    protected_header header;
    std::optional<std::string> alg;
    constexpr auto malformed = reason::malformed_token;
    if (!take_string(*members, "alg", alg))
        return failure{malformed, cause::alg_not_string};
    if (!alg)
        return failure{malformed, cause::alg_missing};
    if (!take_string(*members, "kid", header.kid))
        return failure{malformed, cause::kid_not_string};
    if (!take_string(*members, "typ", header.typ))
        return failure{malformed, cause::typ_not_string};
    const auto known = algorithm_named(*alg);
    if (!known)
        return failure{reason::unsupported_algorithm,
                       iequals(*alg, "none") ? cause::alg_none : cause::alg_not_known};
    header.alg = *known;
    // RFC 7515 section 4.1.11: a critical member that is not understood makes the JWS invalid. `b64` (RFC
    // 7797) changes the signed text. It must be listed in `crit`, but a parser that misses it would verify
    // one text and read another.
    if (members->find("crit") != nullptr)
        return failure{reason::critical_header, cause::crit_not_understood};
    if (members->find("b64") != nullptr)
        return failure{reason::critical_header, cause::b64_not_understood};
    header.members = std::move(*members);
    return header;
}

} // namespace

result<compact_jws> split(std::string_view token)
{
    constexpr auto malformed = reason::malformed_token;
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos)
        return failure{malformed, std::count(token.begin(), token.end(), '.') == encrypted_dots
                                      ? cause::token_encrypted
                                      : cause::token_parts};

    const auto header_text = base64url_decode(token.substr(0, first));
    auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
    auto signature = base64url_decode(token.substr(second + 1));
    if (!header_text || !payload || !signature)
        return failure{malformed, cause::token_not_base64url};
    auto header = parse_header(*header_text);
    if (!header)
        return header.error();
    return compact_jws{token.substr(0, second), std::move(*header), std::move(*payload),
                       std::move(*signature)};
}

result<json::value> parse_claims(std::string_view payload)
{
    return parse_object(payload, cause::token_payload_not_json);
}

bool verify(std::string_view signing_input, std::string_view signature, algorithm a, const jwk& key)
{
    const auto* fitting = key.verifier_for(a);
    return fitting != nullptr && fitting->verify(signing_input, signature);
}

result<void> verify(const compact_jws& token, const jwk_set& keys, std::span<const std::string> issuers)
{
    const auto [candidates, unknown_key] = keys.select(token.header.kid, token.header.alg, issuers);
    if (unknown_key)
        return failure(reason::unknown_key, token.header.kid ? cause::kid_absent : cause::kid_missing);
    if (candidates.empty())
        return failure(reason::unsupported_algorithm, cause::alg_of_another_key);
    const bool good = std::any_of(candidates.begin(), candidates.end(), [&](const verifier* v) {
        return v->verify(token.signing_input, token.signature);
    });
    return good ? result<void>() : reason::bad_signature;
}

} // namespace scopegate::jose
