#include "config/trust_domain.hpp"

#include "base/text.hpp"
#include "config/urls.hpp"
#include "jose/spiffe.hpp"

namespace scopegate::config {

namespace {

// The JWT-SVID specification, section 2.1: RS, ES and PS.
jose::algorithm_set svid_algorithms()
{
    jose::algorithm_set out;
    for (std::size_t i = 0; i < jose::algorithm_count; ++i)
        if (const auto a = static_cast<jose::algorithm>(i);
            !jose::is_symmetric(a) && a != jose::algorithm::eddsa)
            out.insert(a);
    return out;
}

} // namespace

bool is_trust_domain(const issuer_entry& entry) noexcept
{
    // In capitals too: then it is an error, and no ordinary issuer whose tokens never arrive.
    constexpr std::string_view scheme = "spiffe://";
    return iequals(std::string_view(entry.settings.issuer).substr(0, scheme.size()), scheme);
}

void check_trust_domain(compilation& c, issuer_entry& entry)
{
    auto& settings = entry.settings;
    if (!jose::is_trust_domain(settings.issuer))
        c.out.error(entry.name.at, shown_url(entry.name) +
                                       " is not a SPIFFE trust domain such as spiffe://example.org, in lower "
                                       "case and without port, path and slash at the end");
    if (entry.secret_at.line != 0)
        c.out.error(entry.secret_at, "JWT-SVIDs are not signed with a secret; name the trust domain's bundle "
                                     "in \"keys\"");
    else if (entry.introspection != nullptr)
        c.out.error(entry.introspection->key_at, "a SPIFFE trust domain has no introspection");
    else if (entry.keys == nullptr || entry.keys->text == "discover")
        c.out.error(entry.keys != nullptr ? entry.keys->at : entry.name.at,
                    "the keys of a SPIFFE trust domain can't be discovered; name the URL or the file of its "
                    "bundle in \"keys\"");
    if (entry.algorithms == nullptr)
        settings.algorithms = svid_algorithms();
    else if (settings.algorithms.contains(jose::algorithm::eddsa))
        c.out.error(entry.algorithms->at,
                    "a JWT-SVID is never signed with EdDSA: SPIFFE allows RS, ES and PS");
    if (settings.access_token_only)
        c.out.error(entry.name.at, "a JWT-SVID never has the type at+jwt; remove \"token_type\"");
}

} // namespace scopegate::config
