#include "tokens/issuer_rules.hpp"

#include "jose/spiffe.hpp"

namespace scopegate::tokens {

std::string_view iss_of(const json::value& claims)
{
    const auto* iss = claims.find("iss");
    const auto* text = iss != nullptr ? iss->if_string() : nullptr;
    return text != nullptr ? std::string_view(*text) : std::string_view{};
}

result<std::size_t> issuer_of(const policy::policy& p, const json::value& claims)
{
    const auto is_trust_domain = [&](std::size_t i) { return jose::names_trust_domain(p.issuers[i].issuer); };
    const auto named = p.issuer_named(iss_of(claims));
    if (named && p.issuers[*named].signs_tokens() && !is_trust_domain(*named))
        return *named;
    failure why = reason::unknown_issuer;
    for (std::size_t i = 0; i < p.issuers.size(); ++i) {
        if (!p.issuers[i].signs_tokens())
            continue;
        const auto other = jose::check_issuer(claims, p.issuers[i].issuer);
        if (other && is_trust_domain(i))
            return i;
        // Without `iss` the token can only be an SVID, whichever issuer is listed first.
        const bool better =
            why.detail == cause::none || (why.detail == cause::iss_missing && is_trust_domain(i));
        if (!other && better)
            why = other.error();
    }
    return why;
}

jose::claim_rules rules_of(const policy::issuer_settings& issuer, std::string_view iss)
{
    const bool any = issuer.any_tenant();
    return {any ? iss : std::string_view(issuer.issuer),
            issuer.audience_claim,
            issuer.audience,
            issuer.require,
            issuer.clock_skew,
            issuer.access_token_only,
            any ? issuer.pattern->tenant_in(iss).value_or(std::string_view{}) : issuer.tenant};
}

} // namespace scopegate::tokens
