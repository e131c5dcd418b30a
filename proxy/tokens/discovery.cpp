#include "tokens/discovery.hpp"

#include "base/json.hpp"
#include "base/url.hpp"

#include <stdexcept>

namespace scopegate::tokens {

namespace {

constexpr json::limits document_limits{1024 * 1024, 16};

const std::string* string_member(const json::value& object, std::string_view name)
{
    const auto* member = object.find(name);
    return member != nullptr ? member->if_string() : nullptr;
}

} // namespace

void throw_exception_from_error(const discovery_failure& f, const boost::source_location&)
{
    throw std::runtime_error(f.why);
}

std::vector<std::string> metadata_urls(std::string_view issuer)
{
    const auto url = parse_web_url(issuer);
    if (!url || !url->is_plain())
        return {};
    const auto appended = issuer.substr(0, issuer.size() - (issuer.ends_with('/') ? 1 : 0));
    const auto origin = std::string(url->tls ? "https://" : "http://") + url->authority;
    auto path = url->target();
    if (path.ends_with('/')) // RFC 8414 section 3.1
        path.pop_back();
    return {std::string(appended) + "/.well-known/openid-configuration",
            origin + "/.well-known/oauth-authorization-server" + path};
}

boost::system::result<std::string, discovery_failure> jwks_uri_of(std::string_view document,
                                                                  const policy::issuer_settings& issuer)
{
    const auto metadata = json::parse(document, document_limits);
    if (!metadata || metadata->if_object() == nullptr)
        return discovery_failure{"the discovery document is not a JSON object"};
    const auto* named = string_member(*metadata, "issuer");
    const bool is_ours = named != nullptr && (*named == issuer.issuer ||
                                              (issuer.pattern && issuer.pattern->is_written_as(*named)));
    if (!is_ours)
        return discovery_failure{"the discovery document is for another issuer: " +
                                 (named != nullptr ? json::serialize(json::value(*named)) : "none")};
    const auto* uri = string_member(*metadata, "jwks_uri");
    if (uri == nullptr)
        return discovery_failure{"the discovery document has no jwks_uri"};
    const auto url = parse_web_url(*uri);
    const auto own = parse_web_url(issuer.pattern ? issuer.pattern->name_of("tenant") : issuer.issuer);
    const bool plain_http = issuer.insecure_http && own && !own->tls;
    if (!url || !url->is_plain() || (!url->is_protected() && !plain_http))
        return discovery_failure{"the discovery document's jwks_uri is not an https URL"};
    return {boost::system::in_place_value, *uri};
}

} // namespace scopegate::tokens
