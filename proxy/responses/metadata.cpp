#include "responses/metadata.hpp"

#include "base/json_writer.hpp"
#include "base/url.hpp"
#include "jose/spiffe.hpp"
#include "tokens/places/places.hpp"

#include <algorithm>
#include <utility>

namespace scopegate::responses {

namespace {

// Returns the path of a resource URL. A slash that only ends the host is no path.
std::string_view path_of(const url_parts& resource) noexcept
{
    return resource.path == "/" ? std::string_view{} : resource.path;
}

// Adds a list, and omits one without elements (RFC 9728 section 3.2).
void add_list(json::writer& out, std::string_view name, const std::vector<std::string_view>& texts)
{
    if (!texts.empty())
        out.member_list(name, texts);
}

// Returns the RFC 6750 methods that work here, or an empty list (RFC 9728 section 2).
std::vector<std::string_view> bearer_methods(const policy::token_settings& from)
{
    std::vector<std::string_view> methods;
    tokens::places::all::for_each_configured(from, [&methods]<class Place>() {
        if (!Place::bearer_method.empty())
            methods.push_back(Place::bearer_method);
    });
    return methods;
}

// Adds the members for bound tokens (RFC 9728 section 2); an omitted member is false. Without
// server.client_cert the policy does not say whether a proxy in front requests certificates.
void add_bindings(json::writer& out, const policy::policy& p)
{
    using mode = policy::dpop_settings::mode;
    if (p.server.client_cert.alone || (p.server.tls && !p.server.tls->client_ca.empty()))
        out.member("tls_client_certificate_bound_access_tokens", true);
    if (p.tokens.dpop.how == mode::off)
        return;
    std::vector<std::string_view> algorithms;
    jose::for_each_asymmetric_name([&](std::string_view name) { algorithms.push_back(name); });
    add_list(out, "dpop_signing_alg_values_supported", algorithms);
    if (p.tokens.dpop.how == mode::require)
        out.member("dpop_bound_access_tokens_required", true);
}

void add_descriptions(json::writer& out, const policy::scope_registry& scopes,
                      const policy::scope_set& listed)
{
    bool any = false;
    listed.for_each([&](policy::scope_id id) {
        const auto& description = scopes[id].description;
        if (description.empty())
            return;
        if (!std::exchange(any, true))
            out.name("scope_descriptions").open_object();
        out.escaped_name(scopes.requested_name(id)).value(description);
    });
    if (any)
        out.close_object();
}

// Returns the scopes that clients of a resource may ask for. With several resources, a scope of another one
// would be of no use.
policy::scope_set scopes_of(const policy::policy& p, std::size_t resource)
{
    policy::scope_set out;
    if (p.metadata.resources.empty())
        for (std::size_t i = 0; i < p.scopes.size(); ++i)
            out.insert(static_cast<policy::scope_id>(i));
    const auto add = [&](const policy::requirement& needs) {
        if (needs.resource == resource)
            for (const auto& alternative : needs.alternatives)
                out |= alternative.scopes;
    };
    for (const auto& route : p.routes) {
        for (const auto& [method, needs] : route.methods)
            add(needs);
        if (route.any)
            add(*route.any);
    }
    return out;
}

} // namespace

const std::string& resource_url(const policy::policy& p, std::size_t resource)
{
    return resource == 0 ? p.metadata.resource : p.metadata.resources[resource - 1].resource;
}

std::string metadata_document(const policy::policy& p, std::size_t resource)
{
    const auto& url = resource_url(p, resource);
    if (url.empty())
        return {};
    const auto& name = resource == 0 ? p.metadata.name : p.metadata.resources[resource - 1].name;
    std::vector<std::string_view> servers;
    for (const auto& i : p.issuers)
        // `tenants: any` and a SPIFFE trust domain name no server that a client could ask for a token.
        if (!i.any_tenant() && !jose::names_trust_domain(i.issuer) &&
            std::find(servers.begin(), servers.end(), i.issuer) == servers.end())
            servers.push_back(i.issuer);
    std::vector<std::string_view> scopes;
    const auto listed = scopes_of(p, resource);
    listed.for_each([&](policy::scope_id id) { scopes.push_back(p.scopes.requested_name(id)); });

    std::string out;
    json::writer document(out);
    document.open_object().member("resource", url);
    add_list(document, "authorization_servers", servers);
    add_list(document, "scopes_supported", scopes);
    document.member_list("bearer_methods_supported", bearer_methods(p.tokens));
    add_bindings(document, p);
    if (!name.empty())
        document.member("resource_name", name);
    add_descriptions(document, p.scopes, listed);
    document.close_object();
    return out;
}

std::string metadata_url(std::string_view resource)
{
    const auto parts = split_url(resource).value_or(url_parts{});
    std::string url(parts.scheme);
    url.append("://").append(parts.authority).append(metadata_well_known);
    return url.append(path_of(parts)).append(parts.query);
}

std::vector<std::string> metadata_paths(std::string_view resource, const http::path_rules& rules)
{
    std::vector<std::string> paths{std::string(metadata_well_known)};
    const auto suffix = path_of(split_url(resource).value_or(url_parts{}));
    if (suffix.empty())
        return paths;
    // Normalize the resource's path like a request's. A path that no request can have is not served.
    std::string scratch;
    const auto suffixed = std::string(metadata_well_known).append(suffix);
    if (const auto target = http::normalize_target(suffixed, "GET", rules, scratch))
        paths.emplace_back(target->path);
    return paths;
}

} // namespace scopegate::responses
