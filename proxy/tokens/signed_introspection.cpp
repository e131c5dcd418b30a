#include "tokens/signed_introspection.hpp"

#include "base/text.hpp"
#include "jose/claims.hpp"
#include "jose/jws.hpp"
#include "tokens/introspection.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace scopegate::tokens {

namespace {

failure unusable(cause why)
{
    return {reason::introspection_unavailable, why};
}

// How old a result may be when it arrives. Nothing in it names the request, so that an old one, of before a
// token was revoked, could be sent again.
constexpr std::chrono::seconds oldest_result{60};

bool is_result_type(const std::optional<std::string>& typ)
{
    constexpr std::string_view prefix = "application/";
    return typ && (iequals(*typ, signed_introspection_type) ||
                   iequals(*typ, signed_introspection_type.substr(prefix.size())));
}

bool is_recent(const json::value& claims, const policy::issuer_settings& issuer, wall_time now)
{
    const auto* iat = claims.find("iat");
    const auto made = iat != nullptr ? jose::numeric_date(*iat) : std::nullopt;
    return made && *made <= now + issuer.clock_skew &&
           now <= *made + issuer.introspection->cache + oldest_result + issuer.clock_skew;
}

// RFC 9701 does without `exp`. An issuer that sets it limits how long the result may be used.
bool has_expired(const json::value& claims, const policy::issuer_settings& issuer, wall_time now)
{
    const auto* exp = claims.find("exp");
    const auto end = exp != nullptr ? jose::numeric_date(*exp) : std::nullopt;
    return exp != nullptr && (!end || now >= *end + issuer.clock_skew);
}

} // namespace

std::optional<wall_time> expiry_of_signed_introspection(std::string_view body)
{
    const auto jws = jose::split(body);
    const auto claims = jws ? jose::parse_claims(jws->payload) : result<json::value>(jws.error());
    const auto* exp = claims ? claims->find("exp") : nullptr;
    return exp != nullptr ? jose::numeric_date(*exp) : std::nullopt;
}

result<json::value> read_signed_introspection(std::string_view body)
{
    const auto jws = jose::split(body);
    const auto claims = jws ? jose::parse_claims(jws->payload) : result<json::value>(jws.error());
    const auto* about = claims ? claims->find("token_introspection") : nullptr;
    if (about == nullptr || about->if_object() == nullptr || !is_result_type(jws->header.typ))
        return unusable(cause::introspection_not_signed);
    return claims_of_active(*about);
}

result<void> verify_signed_introspection(std::string_view body, const policy::issuer_settings& issuer,
                                         const jose::jwk_set* keys, wall_time now)
{
    const auto jws = jose::split(body);
    if (!jws || !is_result_type(jws->header.typ))
        return unusable(cause::introspection_not_signed);
    const auto claims = jose::parse_claims(jws->payload);
    if (!claims)
        return unusable(cause::introspection_not_signed);
    if (keys == nullptr || !issuer.algorithms.contains(jws->header.alg) || !jose::verify(*jws, *keys))
        return unusable(cause::introspection_bad_signature);
    const std::vector<std::string> us{issuer.introspection->client_id};
    static const json::path audience("aud");
    if (!jose::check_issuer(*claims, issuer.issuer) || !jose::check_audience(*claims, audience, us) ||
        !is_recent(*claims, issuer, now) || has_expired(*claims, issuer, now))
        return unusable(cause::introspection_for_others);
    return {};
}

} // namespace scopegate::tokens
