#include "config/identifiers.hpp"

#include "base/text.hpp"
#include "config/urls.hpp"
#include "policy/tenants.hpp"

#include <algorithm>
#include <iterator>

namespace scopegate::config {

namespace {

constexpr auto npos = std::string_view::npos;

// Detects `*` as a whole part of a name: `*`, `https://*.example.com`, `https://example.com/*/v2.0`.
bool has_wildcard(std::string_view text) noexcept
{
    constexpr std::string_view ends = "/.:@";
    for (auto at = text.find('*'); at != npos; at = text.find('*', at + 1)) {
        const bool begins = at == 0 || ends.find(text[at - 1]) != npos;
        const auto behind = text.find_first_not_of('*', at);
        if (begins && (behind == npos || ends.find(text[behind]) != npos))
            return true;
    }
    return false;
}

bool has_pair(std::string_view text, char open, char close) noexcept
{
    const auto at = text.find(open);
    return at != npos && text.find(close, at) != npos;
}

// Detects `{tenantid}` or `<tenant>`, which the reader should have replaced.
bool has_placeholder(std::string_view text) noexcept
{
    return has_pair(text, '{', '}') || has_pair(text, '<', '>');
}

bool is_entra(std::string_view host) noexcept
{
    constexpr std::string_view domains[] = {"microsoftonline.com", "microsoftonline.us", "microsoftonline.de",
                                            "microsoftonline.cn",  "chinacloudapi.cn",   "windows.net"};
    return std::any_of(std::begin(domains), std::end(domains), [host](std::string_view domain) {
        return host.size() > domain.size() && iequals(host.substr(host.size() - domain.size()), domain);
    });
}

// Detects the endpoints of Entra ID that serve several tenants. A token names the tenant that issued it.
bool serves_all_tenants(std::string_view issuer)
{
    const auto url = parse_web_url(issuer);
    if (!url || !url->has_path())
        return false;
    const auto target = url->target();
    auto path = std::string_view(target).substr(1);
    const auto tenant = path.substr(0, path.find('/'));
    path.remove_prefix(tenant.size());
    const bool shared =
        iequals(tenant, "common") || iequals(tenant, "organizations") || iequals(tenant, "consumers");
    return shared && (is_entra(url->host) || path == "/v2.0" || path == "/v2.0/");
}

} // namespace

std::string issuer_problem(std::string_view issuer)
{
    constexpr auto name_tenants = "name the accepted tenants: \"issuer: "
                                  "https://login.microsoftonline.com/{tenant}/v2.0\" with \"tenants: "
                                  "[TENANT-ID]\", or \"tenants: any\"";
    if (issuer.find(",http") != npos || issuer.find(", http") != npos)
        return " is a list; write one entry per issuer";
    if (serves_all_tenants(issuer))
        return std::string(" serves several tenants, so it is not the issuer in any token; ") + name_tenants;
    if (policy::tenant_pattern_of(issuer))
        return " is a pattern, which needs \"tenants\": add \"tenants: [TENANT-ID]\" for listed tenants or "
               "\"tenants: any\"";
    if (has_placeholder(issuer))
        return std::string(" contains a placeholder, but issuers are compared exactly; write the issuer "
                           "itself. For several tenants, ") +
               name_tenants;
    if (has_wildcard(issuer))
        return std::string(
                   " contains a wildcard, but issuers are compared exactly; list each issuer that you "
                   "accept. For several tenants, ") +
               name_tenants;
    return {};
}

std::string audience_problem(std::string_view audience)
{
    if (has_placeholder(audience))
        return " contains a placeholder, but audiences are compared exactly; write the value of the token's "
               "aud";
    if (has_wildcard(audience))
        return " is a wildcard, which would accept tokens that are meant for other APIs; audiences are "
               "compared exactly. "
               "Write this API's name as it is in the token's aud, or a list of such names";
    return {};
}

} // namespace scopegate::config
