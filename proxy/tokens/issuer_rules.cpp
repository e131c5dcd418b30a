#include "tokens/issuer_rules.hpp"

namespace scopegate::tokens {

std::string_view iss_of(const json::value& claims)
{
    const auto* iss = claims.find("iss");
    const auto* text = iss != nullptr ? iss->if_string() : nullptr;
    return text != nullptr ? std::string_view(*text) : std::string_view{};
}

result<std::size_t> issuer_of(const policy::policy& p, const json::value& claims)
{
    if (const auto named = p.issuer_named(iss_of(claims)); named && p.issuers[*named].signs_tokens())
        return *named;
    failure why = reason::unknown_issuer;
    for (const auto& issuer : p.issuers) {
        const auto other = jose::check_issuer(claims, issuer.issuer);
        if (!other && why.detail == cause::none && issuer.signs_tokens())
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
