#include "jose/jws.hpp"

#include "jose/base64url.hpp"

#include <algorithm>

namespace scopegate::jose {

namespace {

constexpr json::limits token_limits{.bytes = max_token_bytes, .depth = 16};

// A header member that must be a string where it is there at all. False: it is something else.
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
    auto members = json::parse(text, token_limits);
    if (!members || members->if_object() == nullptr)
        return reason::malformed_token;
    protected_header header;
    std::optional<std::string> alg;
    if (!take_string(*members, "alg", alg) || !alg || !take_string(*members, "kid", header.kid) ||
        !take_string(*members, "typ", header.typ))
        return reason::malformed_token;
    const auto known = algorithm_named(*alg);
    if (!known)
        return reason::unsupported_algorithm;
    header.alg = *known;
    // RFC 7515 section 4.1.11: what is critical and not understood makes the JWS invalid. `b64` (RFC 7797)
    // changes what is signed; it must be listed in `crit`, but a parser that overlooks it would sign and read
    // two different things.
    if (members->find("crit") != nullptr || members->find("b64") != nullptr)
        return reason::critical_header;
    header.members = std::move(*members);
    return header;
}

} // namespace

result<compact_jws> split(std::string_view token)
{
    if (token.size() > max_token_bytes)
        return reason::malformed_token;
    const auto first = token.find('.');
    const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
    if (second == token.npos || token.find('.', second + 1) != token.npos)
        return reason::malformed_token;

    const auto header_text = base64url_decode(token.substr(0, first));
    auto payload = base64url_decode(token.substr(first + 1, second - first - 1));
    auto signature = base64url_decode(token.substr(second + 1));
    if (!header_text || !payload || !signature)
        return reason::malformed_token;
    auto header = parse_header(*header_text);
    if (!header)
        return header.error();
    return compact_jws{token.substr(0, second), std::move(*header), std::move(*payload),
                       std::move(*signature)};
}

result<json::value> parse_claims(std::string_view payload)
{
    auto claims = json::parse(payload, token_limits);
    if (!claims || claims->if_object() == nullptr)
        return reason::malformed_token;
    return std::move(*claims);
}

bool verify(std::string_view signing_input, std::string_view signature, algorithm a, const jwk& key)
{
    const auto* fitting = key.verifier_for(a);
    return fitting != nullptr && fitting->verify(signing_input, signature);
}

reason verify(const compact_jws& token, const jwk_set& keys)
{
    const auto [candidates, unknown_key] = keys.select(token.header.kid, token.header.alg);
    if (unknown_key)
        return reason::unknown_key;
    if (candidates.empty())
        return reason::unsupported_algorithm;
    const bool good = std::any_of(candidates.begin(), candidates.end(), [&](const verifier* v) {
        return v->verify(token.signing_input, token.signature);
    });
    return good ? reason::allowed : reason::bad_signature;
}

} // namespace scopegate::jose
